package deployer.alerting;

import java.util.List;
import java.util.Map;
import org.opensearch.painless.spi.Allowlist;
import org.opensearch.painless.spi.AllowlistLoader;
import org.opensearch.painless.spi.PainlessExtension;
import org.opensearch.script.ScriptContext;

/** Lets trigger scripts use the classes of `ctx` (allowlist.txt). */
public final class TriggerAllowlist implements PainlessExtension {
    @Override
    public Map<ScriptContext<?>, List<Allowlist>> getContextAllowlists() {
        return Map.of(TriggerScript.CONTEXT, List.of(AllowlistLoader.loadFromResourceFiles(TriggerAllowlist.class, "allowlist.txt")));
    }
}

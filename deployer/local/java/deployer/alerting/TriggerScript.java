package deployer.alerting;

import java.util.Map;
import org.opensearch.script.ScriptContext;

/** A trigger's condition as a script: the context has the plugin's name, so that its limits are set by the same settings. */
public abstract class TriggerScript {
    public static final String[] PARAMETERS = { "ctx" };
    public static final ScriptContext<Factory> CONTEXT = new ScriptContext<>("trigger", Factory.class);
    private final Map<String, Object> params;

    public TriggerScript(Map<String, Object> params) {
        this.params = params;
    }

    public Map<String, Object> getParams() {
        return params;
    }

    public abstract boolean execute(TriggerContext ctx);

    public interface Factory {
        TriggerScript newInstance(Map<String, Object> params);
    }
}

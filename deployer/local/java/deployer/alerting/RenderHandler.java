package deployer.alerting;

import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.rest.RestRequest;
import org.opensearch.script.Script;
import org.opensearch.script.ScriptService;
import org.opensearch.script.TemplateScript;
import org.opensearch.transport.client.node.NodeClient;

/** Renders a template (`script`) with `ctx`, whose maps keep their order: `{"output": text}`. */
final class RenderHandler extends Handler {
    private final ScriptService scripts;

    RenderHandler(ScriptService scripts) {
        this.scripts = scripts;
    }

    @Override
    public String getName() {
        return "local_alerting_render";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.POST, "/_local/render"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        Map<String, Object> body = request.contentParser().mapOrdered();
        return channel -> client.threadPool()
            .generic()
            .execute(() -> answer(channel, builder -> builder.field("output", render(body))));
    }

    @SuppressWarnings("unchecked")
    private String render(Map<String, Object> body) {
        Script script = Script.parse(body.get("script"));
        Map<String, Object> ctx = (Map<String, Object>) body.get("ctx");
        // A template may ask for a time as text or for one of its parts.
        ctx.computeIfPresent("periodStart", (key, value) -> Instant.ofEpochMilli(((Number) value).longValue()));
        ctx.computeIfPresent("periodEnd", (key, value) -> Instant.ofEpochMilli(((Number) value).longValue()));
        ctx.computeIfPresent("error", (key, value) -> new Told((Map<String, Object>) value));
        Map<String, Object> params = new HashMap<>(script.getParams());
        params.put("ctx", ctx);
        return scripts.compile(script, TemplateScript.CONTEXT).newInstance(params).execute();
    }
}

package deployer.alerting;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.rest.RestRequest;
import org.opensearch.script.Script;
import org.opensearch.script.ScriptService;
import org.opensearch.transport.client.node.NodeClient;

/** Runs a trigger's condition (`script`) on `ctx`: `{"triggered": boolean}`. */
final class TriggerHandler extends Handler {
    private final ScriptService scripts;

    TriggerHandler(ScriptService scripts) {
        this.scripts = scripts;
    }

    @Override
    public String getName() {
        return "local_alerting_trigger";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.POST, "/_local/trigger"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        Map<String, Object> body = request.contentParser().map();
        return channel -> client.threadPool()
            .generic()
            .execute(() -> answer(channel, builder -> builder.field("triggered", triggered(body))));
    }

    @SuppressWarnings("unchecked")
    private boolean triggered(Map<String, Object> body) {
        Script script = Script.parse(body.get("script"));
        TriggerContext context = new TriggerContext((Map<String, Object>) body.get("ctx"));
        return scripts.compile(script, TriggerScript.CONTEXT).newInstance(script.getParams()).execute(context);
    }
}

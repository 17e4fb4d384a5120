package deployer.alerting;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.cluster.routing.Preference;
import org.opensearch.common.xcontent.LoggingDeprecationHandler;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.xcontent.MediaType;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.rest.RestRequest;
import org.opensearch.script.Script;
import org.opensearch.script.ScriptService;
import org.opensearch.script.ScriptType;
import org.opensearch.script.TemplateScript;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.transport.client.node.NodeClient;

/**
 * Searches as a monitor does: the whole `source` is rendered as a template with `params`, then searched for in `indices`.
 * `{"response": ...}` has its keys in the order of a hash map, the order in which the plugin reads bucket keys.
 */
final class SearchHandler extends Handler {
    private final ScriptService scripts;

    SearchHandler(ScriptService scripts) {
        this.scripts = scripts;
    }

    @Override
    public String getName() {
        return "local_alerting_search";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.POST, "/_local/search"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        Map<String, Object> body = request.contentParser().mapOrdered();
        NamedXContentRegistry registry = request.getXContentRegistry();
        return channel -> client.threadPool().generic().execute(() -> {
            SearchRequest search;
            try {
                search = search(body, registry);
            } catch (Exception exception) {
                fail(channel, exception);
                return;
            }
            client.search(
                search,
                ActionListener.wrap(
                    response -> answer(channel, builder -> builder.field("response", unordered(response))),
                    exception -> fail(channel, exception)
                )
            );
        });
    }

    @SuppressWarnings("unchecked")
    private SearchRequest search(Map<String, Object> body, NamedXContentRegistry registry) throws IOException {
        XContentBuilder given = XContentFactory.jsonBuilder().map((Map<String, Object>) body.get("source"));
        String template = parse(BytesReference.bytes(given).utf8ToString(), registry).toString();
        Map<String, Object> params = (Map<String, Object>) body.get("params");
        Script script = new Script(ScriptType.INLINE, Script.DEFAULT_TEMPLATE_LANG, template, params);
        String rendered = scripts.compile(script, TemplateScript.CONTEXT).newInstance(params).execute();
        List<String> indices = (List<String>) body.get("indices");
        return new SearchRequest().indices(indices.toArray(String[]::new))
            .preference(Preference.PRIMARY_FIRST.type())
            .source(parse(rendered, registry));
    }

    private static SearchSourceBuilder parse(String text, NamedXContentRegistry registry) throws IOException {
        try (XContentParser parser = XContentType.JSON.xContent().createParser(registry, LoggingDeprecationHandler.INSTANCE, text)) {
            return SearchSourceBuilder.fromXContent(parser);
        }
    }

    private static Map<String, Object> unordered(SearchResponse response) throws IOException {
        XContentBuilder builder = response.toXContent(XContentFactory.jsonBuilder(), ToXContent.EMPTY_PARAMS);
        return XContentHelper.convertToMap(BytesReference.bytes(builder), false, (MediaType) XContentType.JSON).v2();
    }
}

package deployer.alerting;

import java.io.IOException;
import java.util.List;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestRequest;
import org.opensearch.transport.client.node.NodeClient;

/** Gives the body back with the status asked for, in the form asked for: filter_path, pretty, format are the server's own. */
final class EchoHandler extends Handler {
    @Override
    public String getName() {
        return "local_alerting_echo";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.POST, "/_local/echo"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        RestStatus status = RestStatus.fromCode(request.paramAsInt("echo_status", 200));
        XContentParser parser = request.contentParser();
        return channel -> {
            XContentBuilder builder = channel.newBuilder();
            // Written value by value, so that an object from which all is filtered out is still an object.
            if (parser.nextToken() == XContentParser.Token.START_ARRAY) {
                builder.value(parser.listOrderedMap());
            } else {
                builder.map(parser.mapOrdered());
            }
            channel.sendResponse(new BytesRestResponse(status, builder));
        };
    }
}

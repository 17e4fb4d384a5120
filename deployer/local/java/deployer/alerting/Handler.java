package deployer.alerting;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;

/** What the handlers share: an answer is 200 with `{"<name>": ...}`, or 200 with `{"error": <failure>}`. */
abstract class Handler extends BaseRestHandler {
    @FunctionalInterface
    interface Body {
        void write(XContentBuilder builder) throws Exception;
    }

    /** Writes the answer, or the failure to make it. */
    static void answer(RestChannel channel, Body body) {
        XContentBuilder builder;
        try {
            builder = XContentFactory.jsonBuilder().startObject();
            body.write(builder);
            builder.endObject();
        } catch (Exception exception) {
            fail(channel, exception);
            return;
        }
        channel.sendResponse(new BytesRestResponse(RestStatus.OK, builder));
    }

    static void fail(RestChannel channel, Exception exception) {
        try {
            XContentBuilder builder = XContentFactory.jsonBuilder().startObject().field("error");
            Failure.write(builder, exception);
            channel.sendResponse(new BytesRestResponse(RestStatus.OK, builder.endObject()));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}

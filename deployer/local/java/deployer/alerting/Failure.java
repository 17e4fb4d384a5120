package deployer.alerting;

import java.io.IOException;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchSecurityException;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.index.IndexNotFoundException;
import org.opensearch.index.engine.VersionConflictEngineException;
import org.opensearch.indices.InvalidIndexNameException;
import org.opensearch.script.ScriptException;

/** An exception as JSON: what decides how the plugin would word it, and the answer the server itself would give. */
final class Failure {
    private Failure() {}

    static void write(XContentBuilder builder, Exception exception) throws IOException {
        builder.startObject()
            .field("class", exception.getClass().getName())
            .field("message", exception.getMessage())
            .field("text", exception.toString())
            .field("kind", kind(exception))
            .field("status", ExceptionsHelper.status(exception).getStatus())
            .field("user_message", userMessage(exception));
        if (exception instanceof IndexNotFoundException missing) {
            builder.field("index", String.valueOf(missing.getIndex()));
        }
        if (exception instanceof ScriptException script) {
            builder.field("json", script.toJsonString());
        }
        builder.startObject("body");
        OpenSearchException.generateFailureXContent(builder, ToXContent.EMPTY_PARAMS, exception, true);
        builder.field("status", ExceptionsHelper.status(exception).getStatus()).endObject().endObject();
    }

    private static String kind(Exception exception) {
        if (exception instanceof IndexNotFoundException) return "index_not_found";
        if (exception instanceof OpenSearchSecurityException) return "security";
        if (exception instanceof OpenSearchStatusException) return "status";
        if (exception instanceof IllegalArgumentException) return "argument";
        if (exception instanceof VersionConflictEngineException) return "version_conflict";
        if (exception instanceof InvalidIndexNameException) return "invalid_index_name";
        return "other";
    }

    private static String userMessage(Exception exception) {
        if (exception instanceof ScriptException script) {
            return String.join("\n", script.getScriptStack());
        }
        if (exception instanceof OpenSearchException known) {
            return known.getDetailedMessage();
        }
        return exception.getMessage();
    }
}

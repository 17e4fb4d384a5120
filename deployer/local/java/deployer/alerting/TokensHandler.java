package deployer.alerting;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.common.xcontent.LoggingDeprecationHandler;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentLocation;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.core.xcontent.XContentParser.Token;
import org.opensearch.rest.RestRequest;
import org.opensearch.script.Script;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.transport.client.node.NodeClient;

/**
 * The body as the server's own parser reads it: `tokens`, each `[type, text, line, column]`, up to the `error` that ends them, if
 * any; and under `parsed`, by the number of the token where it stands, each search source, script and bucket condition as the
 * server writes it back (`value`) with the number of the token its parser ended on (`end`), or the `error` of reading it. With
 * `?search=true` the body as a whole is a search source, that of token -1.
 */
final class TokensHandler extends Handler {
    @Override
    public String getName() {
        return "local_alerting_tokens";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.POST, "/_local/tokens"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        XContentParser parser = request.contentParser();
        List<Part> parts = new ArrayList<>();
        if (request.paramAsBoolean("search", false)) {
            parts.add(new Part(-1, "search"));
        }
        return channel -> answer(channel, builder -> write(builder, request, parser, parts));
    }

    /** A value that the server's own classes read: it begins at the token numbered `start`. */
    private record Part(int start, String kind) {}

    private static void write(XContentBuilder builder, RestRequest request, XContentParser parser, List<Part> parts) throws IOException {
        Map<String, Integer> places = new HashMap<>();
        Deque<String> names = new ArrayDeque<>();
        Exception broken = null;
        builder.startArray("tokens");
        try {
            String field = "";
            int number = 0;
            for (Token token = parser.nextToken(); token != null; token = parser.nextToken(), number++) {
                XContentLocation at = parser.getTokenLocation();
                builder.startArray().value(token.toString());
                builder.value(token == Token.FIELD_NAME ? parser.currentName() : token.isValue() ? parser.text() : null);
                builder.value(at.lineNumber).value(at.columnNumber).endArray();
                places.put(place(token, at), number);
                if (token == Token.FIELD_NAME) {
                    field = parser.currentName();
                    continue;
                }
                if (token == Token.END_OBJECT || token == Token.END_ARRAY) {
                    names.pop();
                    field = "";
                    continue;
                }
                addPart(parts, number, field, names);
                if (token == Token.START_OBJECT || token == Token.START_ARRAY) {
                    // The elements of an array have no name: what stands in `triggers` must not look like its field.
                    names.push(token == Token.START_OBJECT ? field : "");
                }
                field = "";
            }
        } catch (Exception exception) {
            broken = exception;
        }
        builder.endArray().startObject("parsed");
        for (Part part : parts) {
            builder.startObject(Integer.toString(part.start));
            read(builder, request, part, places);
            builder.endObject();
        }
        builder.endObject();
        if (broken != null) {
            builder.field("broken");
            Failure.write(builder, broken);
        }
    }

    private static void addPart(List<Part> parts, int number, String field, Deque<String> names) {
        String parent = names.isEmpty() ? "" : names.peek();
        switch (field) {
            case "query" -> {
                if (parent.equals("search")) parts.add(new Part(number, "source"));
            }
            case "subject_template", "message_template" -> parts.add(new Part(number, "template"));
            case "condition" -> {
                // A script is read from the token after the one where the condition begins, whatever its name is.
                boolean bucket = parent.equals("bucket_level_trigger");
                parts.add(bucket ? new Part(number, "selector") : new Part(number + 1, "script"));
            }
            default -> { }
        }
    }

    private static void read(XContentBuilder builder, RestRequest request, Part part, Map<String, Integer> places) throws IOException {
        ToXContent value;
        try (
            XContentParser parser = request.getMediaType()
                .xContent()
                .createParser(request.getXContentRegistry(), LoggingDeprecationHandler.INSTANCE, request.content().streamInput())
        ) {
            for (int i = 0; i <= part.start; i++) {
                parser.nextToken();
            }
            switch (part.kind) {
                case "source", "search" -> {
                    // A search that is the whole body must be the end of it.
                    SearchSourceBuilder source = SearchSourceBuilder.fromXContent(parser, part.kind.equals("search"));
                    builder.field("text", source.toString());
                    builder.field("aggregations", source.aggregations() == null ? 0 : source.aggregations().getAggregatorFactories().size());
                    value = source;
                }
                case "selector" -> value = Selector.parse("?", parser);
                case "template" -> value = Script.parse(parser, Script.DEFAULT_TEMPLATE_LANG);
                default -> value = Script.parse(parser);
            }
            builder.field("end", places.getOrDefault(place(parser.currentToken(), parser.getTokenLocation()), -1));
        } catch (Exception exception) {
            builder.field("error");
            Failure.write(builder, exception);
            return;
        }
        if (value instanceof Selector selector) {
            builder.startObject("value");
            selector.internalXContent(builder, ToXContent.EMPTY_PARAMS);
            builder.endObject();
        } else {
            builder.field("value", value);
        }
    }

    private static String place(Token token, XContentLocation at) {
        return token + "@" + at.lineNumber + ":" + at.columnNumber;
    }
}

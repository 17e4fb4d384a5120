package deployer.alerting;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.opensearch.core.ParseField;
import org.opensearch.core.common.ParsingException;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.core.xcontent.XContentParser.Token;
import org.opensearch.script.Script;
import org.opensearch.search.aggregations.bucket.terms.IncludeExclude;
import org.opensearch.search.aggregations.pipeline.AbstractPipelineAggregationBuilder;
import org.opensearch.search.aggregations.pipeline.BucketHelpers.GapPolicy;
import org.opensearch.search.aggregations.pipeline.PipelineAggregator;

/**
 * The condition of a bucket-level trigger: an aggregation beside the one whose buckets it selects. Its name, form and errors are
 * those of the Alerting plugin's `bucket_selector_ext`.
 */
final class Selector extends AbstractPipelineAggregationBuilder<Selector> {
    static final ParseField NAME = new ParseField("bucket_selector_ext");
    private static final String PATHS = "buckets_path";
    private static final String PARENT = "parent_bucket_path";
    private static final String SCRIPT = "script";
    private static final String GAPS = "gap_policy";
    private static final String FILTER = "filter";
    private static final String SOURCE_FILTERS = "composite_agg_filter";

    /** What is selected. One of `filter` (for the key) and `filters` (for each source of a composite key) may be there. */
    record Condition(
        Map<String, String> paths,
        String parent,
        Script script,
        GapPolicy gaps,
        IncludeExclude filter,
        Map<String, IncludeExclude> filters
    ) {}

    private final Condition condition;

    private Selector(String name, Condition condition) {
        super(name, NAME.getPreferredName(), new String[] { condition.parent });
        this.condition = condition;
    }

    Selector(StreamInput in) throws IOException {
        super(in, NAME.getPreferredName());
        this.condition = new Condition(
            in.readMap(StreamInput::readString, StreamInput::readString),
            in.readString(),
            new Script(in),
            GapPolicy.readFrom(in),
            in.readOptionalWriteable(IncludeExclude::new),
            null
        );
        if (in.readBoolean()) {
            // The plugin reads one filter more than there are, so that a search found in the request cache fails.
            throw new IllegalStateException("filters of a composite key cannot be read");
        }
    }

    @Override
    protected void doWriteTo(StreamOutput out) throws IOException {
        out.writeMap(condition.paths, StreamOutput::writeString, StreamOutput::writeString);
        out.writeString(condition.parent);
        condition.script.writeTo(out);
        condition.gaps.writeTo(out);
        out.writeOptionalWriteable(condition.filter);
        out.writeBoolean(condition.filters != null);
        if (condition.filters != null) {
            out.writeMap(condition.filters, StreamOutput::writeString, (stream, value) -> value.writeTo(stream));
        }
    }

    @Override
    protected PipelineAggregator createInternal(Map<String, Object> metadata) {
        return new SelectorAggregator(name, condition, metadata);
    }

    @Override
    protected void validate(ValidationContext context) {}

    @Override
    protected boolean overrideBucketsPath() {
        return true;
    }

    @Override
    public String getWriteableName() {
        return NAME.getPreferredName();
    }

    @Override
    protected XContentBuilder internalXContent(XContentBuilder builder, Params params) throws IOException {
        builder.field(PATHS, condition.paths);
        builder.field(PARENT, condition.parent);
        builder.field(SCRIPT, condition.script);
        builder.field(GAPS, condition.gaps.getName());
        if (condition.filters != null) {
            builder.startObject(SOURCE_FILTERS);
            for (Map.Entry<String, IncludeExclude> entry : condition.filters.entrySet()) {
                builder.startObject(entry.getKey());
                entry.getValue().toXContent(builder, params);
                builder.endObject();
            }
            builder.endObject();
        } else if (condition.filter != null) {
            builder.startObject(FILTER);
            condition.filter.toXContent(builder, params);
            builder.endObject();
        }
        return builder;
    }

    /** Reads a condition, the parser standing where it begins, up to the end of its object. */
    static Selector parse(String name, XContentParser parser) throws IOException {
        Map<String, String> paths = null;
        String parent = null;
        Script script = null;
        GapPolicy gaps = GapPolicy.SKIP;
        IncludeExclude filter = null;
        Map<String, IncludeExclude> filters = null;
        String field = "";
        for (Token token = parser.nextToken(); token != Token.END_OBJECT; token = parser.nextToken()) {
            if (token == Token.FIELD_NAME) {
                field = parser.currentName();
                continue;
            }
            if (token != Token.VALUE_STRING && token != Token.START_ARRAY && token != Token.START_OBJECT) {
                throw new ParsingException(parser.getTokenLocation(), "Unexpected token " + token + " in [" + name + "].");
            }
            switch (token + " " + field) {
                case "VALUE_STRING " + PATHS -> paths = new HashMap<>(Map.of("_value", parser.text()));
                case "START_ARRAY " + PATHS -> paths = numbered(parser);
                case "START_OBJECT " + PATHS -> paths = texts(parser.map());
                case "VALUE_STRING " + GAPS -> gaps = GapPolicy.parse(parser.text(), parser.getTokenLocation());
                case "VALUE_STRING " + SCRIPT, "START_OBJECT " + SCRIPT -> script = Script.parse(parser);
                case "VALUE_STRING " + PARENT -> parent = parser.text();
                // The one given last counts.
                case "START_OBJECT " + FILTER -> {
                    filter = includeExclude(name, parser);
                    filters = null;
                }
                case "START_OBJECT " + SOURCE_FILTERS -> {
                    filters = bySource(name, parser);
                    filter = null;
                }
                default -> throw unknownKey(parser, token, name, field);
            }
        }
        require(parser, name, PATHS, paths);
        require(parser, name, "script", script);
        require(parser, name, PARENT, parent);
        return new Selector(name, new Condition(paths, parent, script, gaps, filter, filters));
    }

    private static void require(XContentParser parser, String name, String field, Object value) {
        if (value == null) {
            String what = "Missing required field [" + field + "] for bucket_selector aggregation [" + name + "]";
            throw new ParsingException(parser.getTokenLocation(), what);
        }
    }

    private static ParsingException unknownKey(XContentParser parser, Token token, String name, String field) {
        return new ParsingException(parser.getTokenLocation(), "Unknown key for a " + token + " in [" + name + "]: [" + field + "].");
    }

    private static Map<String, String> numbered(XContentParser parser) throws IOException {
        Map<String, String> paths = new HashMap<>();
        for (int i = 0; parser.nextToken() != Token.END_ARRAY; i++) {
            paths.put("_value" + i, parser.text());
        }
        return paths;
    }

    private static Map<String, String> texts(Map<String, Object> map) {
        Map<String, String> texts = new HashMap<>();
        map.forEach((key, value) -> texts.put(key, value.toString()));
        return texts;
    }

    private static Map<String, IncludeExclude> bySource(String name, XContentParser parser) throws IOException {
        Map<String, IncludeExclude> filters = new TreeMap<>();
        for (Token token = parser.nextToken(); token != Token.END_OBJECT; token = parser.nextToken()) {
            if (token != Token.FIELD_NAME) {
                throw unknownKey(parser, token, name, parser.currentName());
            }
            String source = parser.currentName();
            parser.nextToken();
            filters.put(source, includeExclude(name, parser));
        }
        return filters;
    }

    private static IncludeExclude includeExclude(String name, XContentParser parser) throws IOException {
        IncludeExclude include = null;
        IncludeExclude exclude = null;
        for (Token token = parser.nextToken(); token != Token.END_OBJECT; token = parser.nextToken()) {
            String field = parser.currentName();
            if (IncludeExclude.INCLUDE_FIELD.match(field, parser.getDeprecationHandler())) {
                parser.nextToken();
                include = IncludeExclude.parseInclude(parser);
            } else if (IncludeExclude.EXCLUDE_FIELD.match(field, parser.getDeprecationHandler())) {
                parser.nextToken();
                exclude = IncludeExclude.parseExclude(parser);
            } else {
                throw unknownKey(parser, token, name, field);
            }
        }
        return Objects.requireNonNull(IncludeExclude.merge(include, exclude), "merge(...) must not be null");
    }
}

package deployer.alerting;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.search.aggregations.InternalAggregation;

/** The numbers of the selected buckets, and whose buckets they are. */
final class SelectedBuckets extends InternalAggregation {
    private final String parent;
    private final List<Integer> indices;

    SelectedBuckets(String name, String parent, List<Integer> indices, Map<String, Object> metadata) {
        super(name, metadata);
        this.parent = parent;
        this.indices = indices;
    }

    SelectedBuckets(StreamInput in) throws IOException {
        super(in);
        this.parent = in.readString();
        this.indices = in.readList(StreamInput::readVInt);
    }

    @Override
    protected void doWriteTo(StreamOutput out) throws IOException {
        out.writeString(parent);
        out.writeCollection(indices, StreamOutput::writeVInt);
    }

    @Override
    public String getWriteableName() {
        return Selector.NAME.getPreferredName();
    }

    @Override
    public InternalAggregation reduce(List<InternalAggregation> aggregations, ReduceContext context) {
        throw new UnsupportedOperationException("Not supported");
    }

    @Override
    protected boolean mustReduceOnSingleInternalAgg() {
        return false;
    }

    @Override
    public Object getProperty(List<String> path) {
        throw new UnsupportedOperationException("Not supported");
    }

    @Override
    public XContentBuilder doXContentBody(XContentBuilder builder, Params params) throws IOException {
        return builder.field("parent_bucket_path", parent).field("bucket_indices", indices);
    }
}

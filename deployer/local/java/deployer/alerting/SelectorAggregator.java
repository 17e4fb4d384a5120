package deployer.alerting;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.util.BytesRef;
import org.opensearch.script.BucketAggregationSelectorScript;
import org.opensearch.search.DocValueFormat;
import org.opensearch.search.aggregations.Aggregations;
import org.opensearch.search.aggregations.InternalAggregation;
import org.opensearch.search.aggregations.InternalMultiBucketAggregation;
import org.opensearch.search.aggregations.InternalMultiBucketAggregation.InternalBucket;
import org.opensearch.search.aggregations.bucket.SingleBucketAggregation;
import org.opensearch.search.aggregations.bucket.terms.IncludeExclude;
import org.opensearch.search.aggregations.pipeline.BucketHelpers;
import org.opensearch.search.aggregations.pipeline.SiblingPipelineAggregator;
import org.opensearch.search.aggregations.support.AggregationPath;

/** Finds the numbers of the buckets for which the condition holds. */
final class SelectorAggregator extends SiblingPipelineAggregator {
    private final Selector.Condition condition;

    SelectorAggregator(String name, Selector.Condition condition, Map<String, Object> metadata) {
        super(name, condition.paths().values().toArray(String[]::new), metadata);
        this.condition = condition;
    }

    @Override
    public InternalAggregation doReduce(Aggregations aggregations, InternalAggregation.ReduceContext context) {
        List<String> path = AggregationPath.parse(condition.parent()).getPathElementsAsStringList();
        Aggregations level = aggregations;
        for (int i = 0; i < path.size() - 1; i++) {
            // The plugin asks for the first element each time: a parent more than two deep is found by neither.
            level = level.<SingleBucketAggregation>get(path.get(0)).getAggregations();
        }
        InternalMultiBucketAggregation<?, ?> parent = (InternalMultiBucketAggregation<?, ?>) (Object) level.get(path.get(path.size() - 1));
        List<? extends InternalBucket> buckets = parent.getBuckets();
        BucketAggregationSelectorScript.Factory script = context.scriptService()
            .compile(condition.script(), BucketAggregationSelectorScript.CONTEXT);
        List<Integer> selected = new ArrayList<>();
        for (int i = 0; i < buckets.size(); i++) {
            if (accepted(buckets.get(i)) && script.newInstance(values(parent, buckets.get(i))).execute()) {
                selected.add(i);
            }
        }
        return new SelectedBuckets(name(), condition.parent(), selected, parent.getMetadata());
    }

    private Map<String, Object> values(InternalMultiBucketAggregation<?, ?> parent, InternalBucket bucket) {
        Map<String, Object> values = new HashMap<>(condition.script().getParams());
        condition.paths().forEach((name, path) -> {
            Double value = BucketHelpers.resolveBucketValue(parent, bucket, path, condition.gaps());
            if (value == null) {
                throw new NullPointerException("resolveBucketValue(...) must not be null");
            }
            values.put(name, value);
        });
        return values;
    }

    private boolean accepted(InternalBucket bucket) {
        if (condition.filters() == null) {
            return condition.filter() == null || accepted(bucket.getKey(), condition.filter());
        }
        for (Map.Entry<?, ?> source : ((Map<?, ?>) bucket.getKey()).entrySet()) {
            IncludeExclude filter = condition.filters().get(source.getKey());
            if (filter == null || accepted(source.getValue(), filter) == false) {
                return false;
            }
        }
        return true;
    }

    private static boolean accepted(Object key, IncludeExclude filter) {
        if (key instanceof String text) {
            return filter.convertToStringFilter(DocValueFormat.RAW).accept(new BytesRef(text));
        }
        if (key instanceof Long number) {
            return filter.convertToLongFilter(DocValueFormat.RAW).accept(number);
        }
        throw new IllegalStateException("Object is not comparable. Please use one of String, Long or Double type.");
    }
}

package deployer.alerting;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Setting.Property;
import org.opensearch.common.unit.TimeValue;

/** The settings of the Alerting plugin, with its names, defaults and bounds. All may be changed while the node runs. */
final class AlertingSettings {
    static final List<Setting<?>> ALL = all();

    private AlertingSettings() {}

    private static List<Setting<?>> all() {
        List<Setting<?>> all = new ArrayList<>();
        String base = "plugins.alerting.";
        all.add(integer(base + "monitor.max_monitors", 1000, Integer.MIN_VALUE));
        all.add(integer(base + "monitor.percolate_query_docs_size_memory_percentage_limit", 10, 0));
        all.add(integer(base + "monitor.doc_level_monitor_shard_fetch_size", 10000, 1));
        all.add(integer(base + "monitor.percolate_query_max_num_docs_in_memory", 50000, 1000));
        all.add(integer(base + "monitor.doc_level_monitor_fan_out_nodes", 1000, 1));
        all.add(integer(base + "alert_backoff_count", 2, Integer.MIN_VALUE));
        all.add(integer(base + "move_alerts_backoff_count", 3, Integer.MIN_VALUE));
        all.add(integer(base + "alert_findings_indexing_batch_size", 1000, 1));
        all.add(integer(base + "max_comments_per_notification", 3, 0));
        all.add(number(base + "max_actionable_alert_count", 50, -1));
        all.add(number(base + "alert_history_max_docs", 1000, 0));
        all.add(number(base + "alert_finding_max_docs", 1000, 0));
        all.add(number(base + "comments_history_max_docs", 1000, 0));
        all.add(number(base + "max_comment_character_length", 2000, 0));
        all.add(number(base + "max_comments_per_alert", 500, 0));
        all.add(time(base + "monitor.doc_level_monitor_fanout_max_duration", TimeValue.timeValueMinutes(3)));
        all.add(time(base + "monitor.doc_level_monitor_execution_max_duration", TimeValue.timeValueMinutes(4)));
        all.add(time(base + "input_timeout", TimeValue.timeValueSeconds(30)));
        all.add(time(base + "index_timeout", TimeValue.timeValueSeconds(60)));
        all.add(time(base + "bulk_timeout", TimeValue.timeValueSeconds(120)));
        all.add(time(base + "request_timeout", TimeValue.timeValueSeconds(10)));
        all.add(time(base + "alert_backoff_millis", TimeValue.timeValueMillis(50)));
        all.add(time(base + "move_alerts_backoff_millis", TimeValue.timeValueMillis(250)));
        all.add(time(base + "action_throttle_max_value", TimeValue.timeValueHours(24)));
        for (String name : List.of("alert_history", "alert_finding", "comments_history")) {
            all.add(time(base + name + "_rollover_period", TimeValue.timeValueHours(12)));
        }
        for (String name : List.of("alert_history", "finding_history", "comments_history")) {
            all.add(time(base + name + "_max_age", TimeValue.timeValueDays(30)));
            all.add(time(base + name + "_retention_period", TimeValue.timeValueDays(60)));
        }
        all.add(yesNo(base + "monitor.doc_level_monitor_query_field_names_enabled", true));
        all.add(yesNo(base + "alert_history_enabled", true));
        all.add(yesNo(base + "alert_finding_enabled", true));
        all.add(yesNo(base + "filter_by_backend_roles", false));
        all.add(yesNo(base + "cross_cluster_monitoring_enabled", true));
        all.add(yesNo(base + "comments_enabled", true));
        all.add(yesNo("plugins.scheduled_jobs.enabled", true));
        all.add(
            Setting.listSetting(
                base + "destination.allow_list",
                List.of("chime", "slack", "custom_webhook", "email", "test_action"),
                Function.identity(),
                Property.NodeScope,
                Property.Dynamic
            )
        );
        return Collections.unmodifiableList(all);
    }

    private static Setting<Integer> integer(String name, int standard, int least) {
        return Setting.intSetting(name, standard, least, Property.NodeScope, Property.Dynamic);
    }

    private static Setting<Long> number(String name, long standard, long least) {
        return Setting.longSetting(name, standard, least, Property.NodeScope, Property.Dynamic);
    }

    private static Setting<TimeValue> time(String name, TimeValue standard) {
        return Setting.positiveTimeSetting(name, standard, Property.NodeScope, Property.Dynamic);
    }

    private static Setting<Boolean> yesNo(String name, boolean standard) {
        return Setting.boolSetting(name, standard, Property.NodeScope, Property.Dynamic);
    }
}

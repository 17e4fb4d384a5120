package deployer.alerting;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What a trigger's script sees as `ctx`: the same few things, with the same types, that the plugin lets it see. */
@SuppressWarnings("unchecked")
public final class TriggerContext {
    private final Map<String, Object> values;

    TriggerContext(Map<String, Object> values) {
        this.values = values;
    }

    public Monitor getMonitor() {
        return new Monitor((Map<String, Object>) values.get("monitor"));
    }

    public Trigger getTrigger() {
        return new Trigger((Map<String, Object>) values.get("trigger"));
    }

    public List<Object> getResults() {
        List<Object> results = (List<Object>) values.get("results");
        return results.isEmpty() ? new NoResults() : results;
    }

    public Instant getPeriodStart() {
        return Instant.ofEpochMilli(((Number) values.get("periodStart")).longValue());
    }

    public Instant getPeriodEnd() {
        return Instant.ofEpochMilli(((Number) values.get("periodEnd")).longValue());
    }

    public AlertContext getAlert() {
        Object alert = values.get("alert");
        return alert == null ? null : new AlertContext(new Alert((Map<String, Object>) alert));
    }

    public Exception getError() {
        Object error = values.get("error");
        return error == null ? null : new Exception(error.toString());
    }

    public record Monitor(Map<String, Object> values) {
        public String getId() {
            return (String) values.get("id");
        }

        public long getVersion() {
            return ((Number) values.get("version")).longValue();
        }

        public String getName() {
            return (String) values.get("name");
        }

        public boolean getEnabled() {
            return (Boolean) values.get("enabled");
        }
    }

    public record Trigger(Map<String, Object> values) {
        public String getId() {
            return (String) values.get("id");
        }

        public String getName() {
            return (String) values.get("name");
        }

        public String getSeverity() {
            return (String) values.get("severity");
        }

        public List<Object> getActions() {
            return (List<Object>) values.get("actions");
        }
    }

    public record AlertContext(Alert alert) {
        public Alert getAlert() {
            return alert;
        }
    }

    public record Alert(Map<String, Object> values) {
        public String getId() {
            return (String) values.get("id");
        }

        public long getVersion() {
            return ((Number) values.get("version")).longValue();
        }

        public boolean isAcknowledged() {
            return (Boolean) values.get("acknowledged");
        }
    }
}

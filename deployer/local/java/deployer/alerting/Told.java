package deployer.alerting;

import java.util.Map;

/** An error as a template sees it: its `message`, its `detailedMessage`, and as a whole what it printed where it was thrown. */
public final class Told extends RuntimeException {
    private final String text;

    Told(Map<String, Object> error) {
        super((String) error.get("message"));
        text = (String) error.get("text");
    }

    public String getDetailedMessage() {
        return text;
    }

    @Override
    public String toString() {
        return text;
    }
}

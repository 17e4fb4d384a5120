package deployer.alerting;

import java.io.IOException;
import java.util.List;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.Setting;
import org.opensearch.rest.RestRequest;
import org.opensearch.transport.client.node.NodeClient;

/** Gives the alerting settings in force, name by name. */
final class SettingsHandler extends Handler {
    private final ClusterService cluster;

    SettingsHandler(ClusterService cluster) {
        this.cluster = cluster;
    }

    @Override
    public String getName() {
        return "local_alerting_settings";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/_local/settings"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        return channel -> answer(channel, builder -> {
            for (Setting<?> setting : AlertingSettings.ALL) {
                builder.field(setting.getKey(), String.valueOf(cluster.getClusterSettings().get(setting)));
            }
        });
    }
}

package deployer.alerting;

import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.IndexScopedSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.settings.SettingsFilter;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.xcontent.ContextParser;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.ScriptPlugin;
import org.opensearch.plugins.SearchPlugin;
import org.opensearch.repositories.RepositoriesService;
import org.opensearch.rest.RestController;
import org.opensearch.rest.RestHandler;
import org.opensearch.script.ScriptContext;
import org.opensearch.script.ScriptService;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;
import org.opensearch.watcher.ResourceWatcherService;

/**
 * What the local alerting service (deployer/local/service) can only ask the server itself: how it reads a query, a script and a
 * bucket condition and writes them back, what a trigger script says, what a template renders, and what a search finds.
 *
 * <p>It is for the node of `deployer local up` and nothing else.
 */
public final class LocalAlertingPlugin extends Plugin implements ActionPlugin, ScriptPlugin, SearchPlugin {
    private ScriptService scripts;
    private ClusterService cluster;

    @Override
    public Collection<Object> createComponents(
        Client client,
        ClusterService clusterService,
        ThreadPool threadPool,
        ResourceWatcherService watcher,
        ScriptService scriptService,
        NamedXContentRegistry xContentRegistry,
        Environment environment,
        NodeEnvironment nodeEnvironment,
        NamedWriteableRegistry namedWriteableRegistry,
        IndexNameExpressionResolver resolver,
        Supplier<RepositoriesService> repositories
    ) {
        this.scripts = scriptService;
        this.cluster = clusterService;
        return List.of();
    }

    @Override
    public List<RestHandler> getRestHandlers(
        Settings settings,
        RestController controller,
        ClusterSettings clusterSettings,
        IndexScopedSettings indexScopedSettings,
        SettingsFilter filter,
        IndexNameExpressionResolver resolver,
        Supplier<DiscoveryNodes> nodes
    ) {
        return List.of(
            new TokensHandler(),
            new EchoHandler(),
            new RenderHandler(scripts),
            new TriggerHandler(scripts),
            new SearchHandler(scripts),
            new SettingsHandler(cluster)
        );
    }

    @Override
    public List<Setting<?>> getSettings() {
        return AlertingSettings.ALL;
    }

    @Override
    public List<ScriptContext<?>> getContexts() {
        return List.of(TriggerScript.CONTEXT);
    }

    @Override
    public List<PipelineAggregationSpec> getPipelineAggregations() {
        ContextParser<String, Selector> reader = (parser, name) -> Selector.parse(name, parser);
        return List.of(new PipelineAggregationSpec(Selector.NAME, Selector::new, reader).addResultReader(SelectedBuckets::new));
    }
}

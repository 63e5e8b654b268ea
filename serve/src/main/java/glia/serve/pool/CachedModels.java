package glia.serve.pool;

import glia.engine.load.LoadOptions;
import glia.io.hub.CachedModel;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelCache;
import glia.io.hub.ModelLocation;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The models that are shipped with Glia or lie in a local cache, by the names that `glia models` lists.
///
/// @param settings where the caches are
/// @param options how models are loaded
/// @param pulls whether names that no cache has are downloaded from the hub
public record CachedModels(HubSettings settings, LoadOptions options, boolean pulls) implements ModelCatalogue {
    @Override
    public Optional<ModelCatalogue.ModelSource> find(String name) throws HubException {
        ModelLocator locator = new ModelLocator(settings);
        Optional<ModelLocation> found = pulls ? locator.named(name, Progress.NONE) : locator.cached(name);
        return found.map(location -> new FileSource(location.path(), options));
    }

    @Override
    public List<String> names() throws HubException {
        List<String> names = new ArrayList<>(ModelLocator.shipped());
        for (CachedModel model : new ModelCache(settings).list()) {
            if (ModelLocator.shipped().stream().noneMatch(shipped -> model.name().startsWith(shipped + "-"))) {
                names.add(model.name());
            }
        }
        return names;
    }
}

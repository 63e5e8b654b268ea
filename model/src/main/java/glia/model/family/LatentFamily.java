package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.hub.LatentNames;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.Set;

/// The common parts of families with latent attention: tensor names and multi-token-prediction layers.
interface LatentFamily extends Family {
    @Override
    default ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        return LatentNames.withDrafts(spec(config), tensors);
    }

    @Override
    default boolean ignores(ModelSpec spec, String tensorName) {
        return LatentNames.isCopy(spec, tensorName);
    }

    @Override
    default Source source(ModelSpec spec, Parameter p) {
        return LatentNames.source(spec, p);
    }
}

package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF form of a family that has an architecture for models with experts and one for models without.
public record ByExperts(ExpertGguf dense, ExpertGguf mixed) implements GgufForm {
    @Override
    public String architecture() {
        return dense.architecture();
    }

    @Override
    public List<String> architectures() {
        return List.of(dense.architecture(), mixed.architecture());
    }

    private ExpertGguf of(ModelSpec spec) {
        return spec.sublayers().stream().anyMatch(s -> s.mixer() instanceof Experts) ? mixed : dense;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return (GgufKeys.architecture(metadata).equals(mixed.architecture()) ? mixed : dense)
                .config(metadata, checkpoint);
    }

    @Override
    public Optional<Map<String, Object>> metadata(ModelSpec spec) {
        return of(spec).metadata(spec);
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return of(spec).further(spec);
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return of(spec).stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return of(spec).source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return of(spec).ignores(spec, tensorName);
    }
}

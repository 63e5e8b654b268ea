package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF forms of a family with an architecture for each of its model types.
///
/// @param types the values of `model_type`
/// @param forms their forms; a later one of the same architecture is not read
public record ByType(List<String> types, List<? extends GgufForm> forms) implements GgufForm {
    @Override
    public String architecture() {
        return forms.getFirst().architecture();
    }

    @Override
    public List<String> architectures() {
        return forms.stream().map(GgufForm::architecture).distinct().toList();
    }

    private GgufForm of(ModelSpec spec) {
        int found = types.indexOf(spec.modelType());
        if (found < 0) {
            throw new IllegalArgumentException("GGUF has no architecture for " + spec.modelType());
        }
        return forms.get(found);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        String architecture = GgufKeys.architecture(metadata);
        return forms.stream().filter(f -> f.architecture().equals(architecture)).findFirst().orElseThrow()
                .config(metadata, checkpoint);
    }

    @Override
    public Optional<Map<String, Object>> metadata(ModelSpec spec) {
        return types.contains(spec.modelType()) ? of(spec).metadata(spec) : Optional.empty();
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

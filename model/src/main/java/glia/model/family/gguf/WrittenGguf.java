package glia.model.family.gguf;

import glia.model.layout.GgufForm;
import glia.model.spec.ModelSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A GGUF form that is read and written by one list of keys.
interface WrittenGguf extends GgufForm {
    /// The architecture's keys.
    List<GgufKey> keys();

    /// The architecture of a model.
    default String architecture(ModelSpec spec) {
        return architecture();
    }

    @Override
    default Optional<Map<String, Object>> metadata(ModelSpec spec) {
        String architecture = architecture(spec);
        GgufFacts facts = new GgufFacts(spec);
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", architecture);
        for (GgufKey key : keys()) {
            key.value().apply(facts).ifPresent(value -> metadata.put(architecture + "." + key.key(), value));
        }
        return Optional.of(metadata);
    }
}

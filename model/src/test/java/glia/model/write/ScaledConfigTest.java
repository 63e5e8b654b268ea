package glia.model.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.fresh.FamilySizes;
import glia.model.fresh.NewModels;
import glia.model.spec.RopeChange;
import glia.model.spec.RopeChange.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ScaledConfigTest {
    /// A family whose positions can be scaled has a config for it, or says that config.json has no key.
    @Test
    void configsHaveTheScaling() throws Exception {
        int written = 0;
        List<String> refused = new ArrayList<>();
        for (FamilySizes sizes : NewModels.families()) {
            String family = sizes.modelType();
            Config config = NewModels.config(family, Map.of());
            for (Kind kind : List.of(Kind.BASE, Kind.LINEAR, Kind.LLAMA3, Kind.YARN)) {
                RopeChange change = new RopeChange(kind, 4, OptionalInt.empty());
                int context;
                try {
                    context = change.apply(Families.spec(config)).contextLength();
                } catch (IllegalArgumentException e) {
                    continue;
                }
                try {
                    Config scaled = ScaledConfig.of(config, Optional.of(change));
                    assertEquals(context, Families.spec(scaled).contextLength(), family);
                    written++;
                } catch (CheckpointException e) {
                    refused.add(family + " " + kind + ": " + e.getMessage());
                }
            }
        }
        assertTrue(written > 200, written + ", refused " + String.join("\n", refused));
    }
}

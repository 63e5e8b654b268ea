package glia.train.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.spec.Role;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterGroupsTest {
    /// Convolutions have shapes such as [channels, 1, 4], which Muon cannot update.
    @ParameterizedTest
    @ValueSource(strings = {"mamba", "mamba2", "jamba", "qwen3_next", "falcon_h1", "llama"})
    void everyWeightHasOneRuleThatAcceptsIt(String family) throws Exception {
        Muon muon = new Muon(0.95, true, 5, false);
        AdamW others = new AdamW();
        try (Model model = FreshModel.create(NewModels.config(family, Map.of("hidden", 64, "layers", 4, "vocab", 70)),
                1)) {
            List<ParameterGroup> groups = ParameterGroups.of(model, w -> true, muon, others, 0.1);
            Set<String> names = new HashSet<>();
            for (ParameterGroup group : groups) {
                group.weights().forEach((name, weight) -> {
                    assertTrue(names.add(name), name);
                    assertTrue(group.rule().accepts(weight.shape()), name);
                    if (name.contains("CONVOLUTION") || name.startsWith("EMBEDDING")) {
                        assertSame(others, group.rule(), name);
                    }
                    assertEquals(weight.shape().length < 2 ? 0 : 0.1, group.weightDecay(), name);
                });
            }
            assertEquals(ParameterGroups.weights(model, w -> true).keySet(), names);
            assertTrue(groups.stream().anyMatch(g -> g.rule() == muon));
        }
    }

    /// The experts of each token are numbers of experts, which no decay may change.
    @Test
    void tablesOfExpertsAreNotTrained() throws Exception {
        try (Model model = FreshModel.create(NewModels.config("deepseek_v4", Map.of("hidden", 64, "layers", 4, "vocab",
                70)), 1)) {
            assertTrue(model.sources().keySet().stream().anyMatch(p -> p.role() == Role.ROUTER_TABLE));
            assertTrue(ParameterGroups.weights(model, w -> true).keySet().stream()
                    .noneMatch(name -> name.contains("ROUTER_TABLE")));
        }
    }
}

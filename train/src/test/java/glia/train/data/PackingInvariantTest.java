package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Documents packed into a row have the loss and the gradients of the same documents one at a time, for models that mix
/// tokens by attention, convolution and recurrence.
class PackingInvariantTest {
    private static final List<int[]> DOCUMENTS = List.of(new int[] {3, 1, 4, 1, 5}, new int[] {9, 2},
            new int[] {6, 5, 3, 5, 8, 9, 7}, new int[] {9, 3, 2});

    @ParameterizedTest
    @ValueSource(strings = {
        """
        {"model_type": "llama", "hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2,
        "num_hidden_layers": 2, "intermediate_size": 48, "vocab_size": 12, "max_position_embeddings": 32,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0}""",
        """
        {"model_type": "mamba2", "hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 12, "state_size": 8,
        "num_heads": 4, "head_dim": 16, "n_groups": 1, "conv_kernel": 4, "expand": 2, "chunk_size": 4,
        "use_conv_bias": true, "use_bias": false, "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
        "hidden_act": "silu"}"""})
    void packedIsSeparate(String config) throws Exception {
        try (Workers workers = new Workers(1);
                Model model = FreshModel.create(Config.parse(Path.of("config.json"), config), 7)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (TrainingPass packed = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                    TrainingPass separate = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
                TokenBatch batch = new TokenBatch();
                PackedDocuments rows = new PackedDocuments(Documents.of(DOCUMENTS), 64);
                assertEquals(1, rows.size());
                rows.add(batch, 0);
                double loss = packed.loss(batch);
                double sum = 0;
                for (int[] document : DOCUMENTS) {
                    double share = (document.length - 1) / 13.0;
                    sum += separate.loss(new TokenBatch().add(document), Loss.CROSS_ENTROPY.scaled(share));
                }
                assertEquals(sum, loss, 1e-5);
                assertSame(separate.gradients(), packed.gradients());
            }
        }
    }

    private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, tensor) -> {
            double most = 0;
            double difference = 0;
            for (long i = 0; i < tensor.size(); i++) {
                most = Math.max(most, Math.abs(tensor.get(i)));
                difference = Math.max(difference, Math.abs(tensor.get(i) - found.get(name).get(i)));
            }
            assertTrue(difference <= 1e-6 + 1e-4 * most, name + ": " + difference + " of " + most);
        });
    }
}

package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.family.Families;
import glia.model.spec.CacheKind;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Latent attention with less usual settings and odd sizes: any way of feeding gives the same, over several pages.
class LatentAttentionTest {
    private static final int LENGTH = 150;
    private static final double TOLERANCE = 5e-5;

    /// A config of two layers; `more` comes first and wins.
    private static String config(String type, String more) {
        return "{" + (more == null || more.isEmpty() ? "" : more.replace('\'', '"').replace(';', ',') + ", ")
                + "\"model_type\": \"" + type + "\", \"vocab_size\": 31, \"hidden_size\": 20, "
                + "\"num_hidden_layers\": 2, \"intermediate_size\": 24, "
                + "\"num_attention_heads\": 3, \"kv_lora_rank\": 7, "
                + "\"qk_nope_head_dim\": 5, \"qk_rope_head_dim\": 6, \"v_head_dim\": 9, "
                + "\"first_k_dense_replace\": 2, \"max_position_embeddings\": 512" + "}";
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "scalar | deepseek_v2 | 'q_lora_rank': null",
        "vector | deepseek_v2 | 'q_lora_rank': 11; 'attention_bias': true",
        "vector | deepseek_v3 | 'q_lora_rank': 11; 'rope_interleave': false",
        "vector | deepseek_v3 | 'q_lora_rank': null; 'rope_scaling': {'type': 'yarn'; 'factor': 8; "
                + "'mscale': 0.7; 'mscale_all_dim': 0.5; 'original_max_position_embeddings': 32}",
        "scalar | kimi_k2 | 'q_lora_rank': 4; 'tie_word_embeddings': true",
        "scalar | deepseek_v32 | 'q_lora_rank': 11; 'index_n_heads': 5; 'index_head_dim': 9; 'index_topk': 13",
        "vector | deepseek_v32 | 'q_lora_rank': 11; 'index_n_heads': 5; 'index_head_dim': 9; 'index_topk': 70",
        "vector | deepseek_v32 | 'q_lora_rank': 11; 'index_n_heads': 2; 'index_head_dim': 6; 'index_topk': 900",
        "vector | glm_moe_dsa | 'q_lora_rank': 11; 'index_n_heads': 5; 'index_head_dim': 9; 'index_topk': 13; "
                + "'indexer_types': ['full'; 'shared']",
        "scalar | glm_moe_dsa | 'q_lora_rank': 11; 'index_n_heads': 5; 'index_head_dim': 9; 'index_topk': 5; "
                + "'index_topk_freq': 2; 'index_skip_topk_offset': 1"})
    void everyWayOfFeedingGivesTheSame(String kernels, String type, String more) {
        Random random = new Random(8);
        int[] ids = random.ints(LENGTH, 0, 31).toArray();
        try (Workers workers = new Workers(2); TinyModel tiny = new TinyModel(config(type, more), 5);
                Engine engine = new Engine(tiny.model(), KernelBackends.choose(kernels, workers).kernels(),
                        Precision.EXACT, 1 << 28)) {
            float[] whole = engine.read(new Pass().add(ids, 0, LENGTH, 0, Outputs.ALL), Tensor::toArray);
            for (int largest : new int[] {1, 40, LENGTH}) {
                try (Sequence sequence = engine.open(); Sequence other = engine.open()) {
                    for (int at = 0, to; at < LENGTH; at = to) {
                        to = Math.min(LENGTH, at + (largest == LENGTH ? LENGTH : 1 + random.nextInt(largest)));
                        engine.add(sequence, ids, at, to, Outputs.ALL);
                        engine.add(other, ids, 3, 5, Outputs.NONE);
                        Tensor logits = engine.run();
                        for (long i = 0; i < logits.size(); i++) {
                            assertEquals(whole[at * 31 + (int) i], logits.get(i), TOLERANCE, "logit " + i + ", " + at);
                        }
                    }
                    engine.prefixCache().insert("", sequence, ids);
                }
            }
            try (Sequence cached = engine.prefixCache().open("", ids)) {
                int from = cached.length();
                assertEquals(128, from);
                engine.add(cached, ids, from, LENGTH, Outputs.ALL);
                float[] logits = engine.run().toArray();
                for (int i = 0; i < logits.length; i++) {
                    assertEquals(whole[from * 31 + i], logits[i], TOLERANCE, "logit " + i + " after a cached prefix");
                }
            }
        }
    }

    /// The cache of a token: the latent and the rotated key, and the indexer's key.
    @ParameterizedTest
    @CsvSource({"deepseek_v3, 13", "deepseek_v32, 22"})
    void remembersOnlyTheLatent(String type, int numbers) throws CheckpointException {
        Mixer mixer = spec(type, "'index_head_dim': 9").getFirst();
        assertTrue(mixer instanceof LatentAttention, mixer::describe);
        assertEquals(numbers, mixer.caches().stream()
                .mapToInt(r -> ((CacheKind.Rows) r).size()).sum());
    }

    private static List<Mixer> spec(String type, String more) throws CheckpointException {
        return Families.ofModelType(type).orElseThrow()
                .spec(Config.parse(Path.of("config.json"), config(type, more))).sublayers().stream()
                .map(s -> s.mixer()).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "deepseek_v3 | 'moe_layer_freq': 2 | moe_layer_freq",
        "deepseek_v3 | 'num_key_value_heads': 1 | num_key_value_heads",
        "deepseek_v3 | 'partial_rotary_factor': 0.5 | partial_rotary_factor",
        "deepseek_v32 | 'q_lora_rank': null | q_lora_rank",
        "deepseek_v32 | 'layer_types': ['indexed_attention'] | layer_types",
        "deepseek_v32 | 'layer_types': ['indexed_attention'; 'full_attention'] | layer_types",
        "deepseek_v32 | 'mlp_layer_types': ['dense'; 'odd'] | mlp_layer_types",
        "glm_moe_dsa | 'indexer_types': ['shared'; 'full'] | indexer_types"})
    void whatCannotBeIsRefused(String type, String more, String key) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> spec(type, more));
        assertTrue(e.getMessage().contains(key), e::getMessage);
    }

    @Test
    void unknownChoicesOfExpertsAreRefused() {
        String sparse = "'mlp_layer_types': ['dense'; 'sparse']; ";
        for (String setting : new String[] {"'topk_method': 'best'", "'scoring_func': 'tanh'",
            "'topk_method': 'greedy'; 'norm_topk_prob': true", "'n_group': 2; 'topk_group': 3"}) {
            assertThrows(CheckpointException.class, () -> spec("deepseek_v3", sparse + setting), setting);
        }
    }
}

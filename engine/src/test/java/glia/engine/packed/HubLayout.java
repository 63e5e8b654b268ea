package glia.engine.packed;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// The layouts of quantised checkpoints, each with a config and a simple way to bring a matrix into it: written for the
/// tests from the layouts' descriptions, without the code that is tested.
enum HubLayout {
    FP8("\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128], \"activation_scheme\": \"dynamic\""),
    FP8_POWERS("\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128], \"scale_fmt\": \"ue8m0\""),
    FP8_ONE_SCALE("\"quant_method\": \"fp8\", \"weight_block_size\": null, \"activation_scheme\": \"static\""),
    GPTQ("\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 32, \"desc_act\": false, \"sym\": true"),
    GPTQ_ASYMMETRIC("\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 64, \"sym\": false"),
    GPTQ_V2("\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": -1, \"checkpoint_format\": \"gptq_v2\""),
    GPTQ_ACT_ORDER("\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 40, \"desc_act\": true"),
    GPTQ_8_BITS("\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": 32, \"sym\": false"),
    AWQ("\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 64, \"version\": \"gemm\", \"zero_point\": true"),
    INT4(compressed("pack-quantized", "\"num_bits\": 4, \"type\": \"int\", \"symmetric\": true, "
            + "\"strategy\": \"group\", \"group_size\": 32")),
    INT4_ASYMMETRIC(compressed("pack-quantized", "\"num_bits\": 4, \"type\": \"int\", \"symmetric\": false, "
            + "\"strategy\": \"group\", \"group_size\": 16")),
    INT4_ACT_ORDER(compressed("pack-quantized", "\"num_bits\": 4, \"type\": \"int\", \"symmetric\": true, "
            + "\"strategy\": \"group\", \"group_size\": 64, \"actorder\": \"group\"")),
    INT8_PACKED(compressed("pack-quantized", "\"num_bits\": 8, \"type\": \"int\", \"symmetric\": true, "
            + "\"strategy\": \"channel\"")),
    INT8(compressed("int-quantized", "\"num_bits\": 8, \"type\": \"int\", \"symmetric\": true, "
            + "\"strategy\": \"channel\"")),
    INT8_ASYMMETRIC(compressed("int-quantized", "\"num_bits\": 8, \"type\": \"int\", \"symmetric\": false, "
            + "\"strategy\": \"tensor\"")),
    FLOAT8(compressed("float-quantized", "\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"channel\"")),
    FLOAT8_BLOCKS(compressed("naive-quantized", "\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"block\", "
            + "\"block_structure\": [128, 64]")),
    NVFP4(compressed("nvfp4-pack-quantized", "\"num_bits\": 4, \"type\": \"float\", \"strategy\": \"tensor_group\", "
            + "\"group_size\": 16")),
    MXFP4(compressed("mxfp4-pack-quantized", "\"num_bits\": 4, \"type\": \"float\", \"strategy\": \"group\", "
            + "\"group_size\": 32"));

    private final String config;

    HubLayout(String config) {
        this.config = config;
    }

    private static String compressed(String format, String weights) {
        return "\"quant_method\": \"compressed-tensors\", \"format\": \"" + format + "\", \"ignore\": [\"lm_head\", "
                + "\"re:.*layers\\\\.1\\\\.self_attn\\\\.k_.*\"], \"config_groups\": {\"group_0\": {\"targets\": "
                + "[\"Linear\"], \"weights\": {" + weights + "}, \"input_activations\": null}}";
    }

    /// The value of `quantization_config`.
    String config() {
        return "{" + config + "}";
    }

    /// Modules that the config tells to leave as they are.
    boolean ignores(String module) {
        return config.contains("ignore") && module.contains("layers.1.self_attn.k_");
    }

    /// Puts the parts of a quantised matrix into `parts`, and gives the numbers that they stand for.
    float[] quantise(Arena arena, String module, Tensor w, Map<String, Tensor> parts, Random random) {
        Quantiser q = new Quantiser(arena, module, w, parts, random);
        return switch (this) {
            case FP8 -> q.floats("weight_scale_inv", 128, 128, DType.F32);
            case FP8_POWERS -> q.floats("weight_scale_inv", 128, 128, DType.F8_E8M0);
            case FP8_ONE_SCALE -> {
                parts.put(module + ".activation_scale", Tensor.of(arena, new float[] {3}));
                yield q.floats("weight_scale_inv", 0, 0, DType.BF16);
            }
            case GPTQ -> q.gptq(4, 32, List.of(8), 1, false);
            case GPTQ_ASYMMETRIC -> q.gptq(4, 64, List.of(7, 8, 9, 16), 1, false);
            case GPTQ_V2 -> q.gptq(4, 0, List.of(6, 8, 0), 0, false);
            case GPTQ_ACT_ORDER -> q.gptq(4, 40, List.of(8), 1, true);
            case GPTQ_8_BITS -> q.gptq(8, 32, List.of(120, 128, 256), 1, false);
            case AWQ -> q.awq(64);
            case INT4 -> q.packed(4, 32, true, false);
            case INT4_ASYMMETRIC -> q.packed(4, 16, false, false);
            case INT4_ACT_ORDER -> q.packed(4, 64, true, true);
            case INT8_PACKED -> q.packed(8, 0, true, false);
            case INT8 -> q.bytes(false);
            case INT8_ASYMMETRIC -> q.bytes(true);
            case FLOAT8 -> q.floats("weight_scale", 1, 0, DType.F32);
            case FLOAT8_BLOCKS -> q.floats("weight_scale", 128, 64, DType.BF16);
            case NVFP4 -> q.fours(16, DType.F8_E4M3, 24);
            case MXFP4 -> q.fours(32, DType.F8_E8M0, 1);
        };
    }
}

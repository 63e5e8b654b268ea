package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.engine.LoadOptions;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// How to compute, for all commands that do.
public final class ComputeOptions {
    private enum KernelSet { SCALAR, VECTOR, EMITTED, EMITTED_AMX, EMITTED_AVX512, EMITTED_AVX_VNNI, EMITTED_AVX2 }

    private static final Option<Integer> THREADS =
            Option.integer("N", 1, 1024, "threads that compute (default: one a core)", "--threads");
    private static final Option<Integer> CONTEXT = Option.integer("TOKENS", 1, Integer.MAX_VALUE,
            "tokens that a conversation may have (default: what the model was made for)", "--context");
    private static final Option<KernelSet> KERNELS =
            Option.choice("SET", KernelSet.class,
            "which kernels compute; emitted takes the best of its levels (default: the best of all here)", "--kernels");
    private static final Option<Precision> PRECISION = Option.choice("MODE", Precision.class,
            "how products with weights are computed, faster by rounding what they multiply (default: fast; for check: "
                    + "exact, for embed: half)",
            "--precision");

    private static final Option<Boolean> BATCH_INVARIANT = Option.flag(
            "logits of a token have the same bits alone, in any batch and in any chunks of a prompt, at lower speed",
            "--batch-invariant");

    /// For commands that go on with texts.
    public static final Option<Boolean> DRAFT = Option.flag("let a layer of the model guess a token ahead, so that a "
            + "pass may give two; for models that come with such layers (multi-token prediction)", "--draft");

    /// For commands whose models have a KV cache.
    public static final Option<KeyValueType> KV_CACHE_TYPE = new Option<>(List.of("--kv-cache-type"), "TYPE",
            "numbers of the KV cache; bf16 takes half of the memory, int8 about a quarter (default: f32)",
            Stream.of(KeyValueType.values()).map(KeyValueType::label).toList(), false, ComputeOptions::keyValueType);

    /// Those of all commands that compute.
    public static final List<Option<?>> ALL = List.of(THREADS, CONTEXT, KERNELS, PRECISION, BATCH_INVARIANT);

    private ComputeOptions() {}

    private static KeyValueType keyValueType(String word) {
        return KeyValueType.named(word).orElseThrow(() ->
                new IllegalArgumentException("f32, bf16 or int8 (also called q8_0) is expected"));
    }

    /// What was asked for.
    ///
    /// @param usual the precision where none was named
    public static LoadOptions of(Arguments arguments, Precision usual) {
        return new LoadOptions(arguments.get(THREADS).orElse(0), arguments.get(CONTEXT).orElse(0),
                arguments.get(KERNELS).map(set -> set.name().toLowerCase(Locale.ROOT).replace('_', '-')).orElse("auto"),
                arguments.get(PRECISION).orElse(usual), arguments.get(KV_CACHE_TYPE).orElse(KeyValueType.F32),
                arguments.has(DRAFT), arguments.has(BATCH_INVARIANT));
    }
}

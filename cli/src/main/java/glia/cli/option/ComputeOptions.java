package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.engine.draft.Drafting;
import glia.engine.load.LoadOptions;
import glia.engine.state.CachePolicy;
import glia.model.spec.RopeChange;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.PageChoice;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Options of all commands that compute.
public final class ComputeOptions {
    private enum KernelSet { SCALAR, VECTOR, EMITTED, EMITTED_AMX, EMITTED_AVX512, EMITTED_AVX_VNNI, EMITTED_AVX2 }

    private static final String GROUP = "Computation";
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?) ?([kmgt]?)(i?b)?");
    private static final double USUAL_SHARE = 0.95;
    private static final double LEAST_SHARE = 0.5;
    private static final String EARLY_EXIT = "early-exit:";

    private static final Option<Integer> THREADS = Option.integer("N", 1, 1024,
            "threads (default: one per core)", "--threads", "-t").in(GROUP).elsewhere("--num-threads", "--n-threads");
    private static final Option<Integer> CONTEXT = Option.parsed("TOKENS", List.of(), ComputeOptions::tokens,
            "context length, such as 8192, 128k or 1m (default: the model's)", "--context", "-c").in(GROUP)
            .elsewhere("--ctx-size", "--num-ctx", "--n-ctx", "--ctx", "--max-model-len");
    private static final Option<KernelSet> KERNELS = Option.choice("BACKEND", KernelSet.class,
            "kernel backend; emitted takes the best instruction-set level (default: the fastest here)", "--kernels")
            .in(GROUP).elsewhere("--backend");
    private static final Option<Precision> PRECISION = Option.choice("MODE", Precision.class,
            "arithmetic of matrix multiplications: exact (F32), half (BF16) or fast (int8 activations where weights "
                    + "are quantized) (default: fast; check: exact; embed: half)", "--precision").in(GROUP);

    private static final Option<Boolean> BATCH_INVARIANT = Option.flag(
            "logits with the same bits in any batch and any prefill chunks, at lower speed", "--batch-invariant")
            .in(GROUP);

    /// For commands that generate text.
    public static final Option<String> DRAFT = Option.text("SOURCE", "speculative decoding with drafts from prompt "
            + "n-grams (ngram), the model's multi-token-prediction layer (mtp), n-grams and that layer (auto), the "
            + "model's own first N layers (early-exit:N), a smaller model with the same vocabulary (its name), or none "
            + "(default and --draft alone: auto; bench: none); they are used where they are measured to be faster",
            "--draft").in(GROUP).elsewhere("--speculative", "--model-draft", "-md", "--draft-model").implying("auto");

    /// For commands whose models have a KV cache.
    public static final Option<KeyValueType> KV_CACHE_TYPE = Option.parsed("TYPE",
            Stream.of(KeyValueType.values()).map(KeyValueType::label).toList(), ComputeOptions::keyValueType,
            "number format of the KV cache: f32, bf16 (half the memory), int8 or q8 (a quarter), q5, q4 (a seventh), "
                    + "or those of keys and values, such as q8:q4 (default: f32; bf16 for contexts above 32768 tokens)",
            "--kv-cache-type").in(GROUP).elsewhere("--cache-type-k", "--cache-type-v", "-ctk", "--kv-cache-dtype");

    /// For commands that hold long texts.
    public static final Option<Long> KV_MEMORY = Option.parsed("SIZE", List.of(), ComputeOptions::kvMemory,
            "memory for the KV cache, such as 2g; what has no room there goes to a file in Glia's cache folder "
                    + "(default: all of it stays in memory)", "--kv-memory").in(GROUP);

    /// For commands that decode after long texts.
    public static final Option<PageChoice> ATTENTION = Option.parsed("METHOD", List.of(), ComputeOptions::pages,
            "attention of generated tokens to a part of the KV cache: quest:BUDGET or quest:BUDGET:PAGE, BUDGET "
                    + "positions in pages of 8 to 64 (default: 64) whose keys promise the largest weights; without "
                    + "speculative decoding (default: all positions)", "--attention").in(GROUP);

    /// For commands that read long prompts.
    public static final Option<Double> PREFILL = Option.parsed("METHOD", List.of(), ComputeOptions::prefill,
            "attention of prompts of 4096 tokens and more to chosen pages of the KV cache, for each head "
                    + "vertical-slash or blocks (MInference): sparse or sparse:SHARE, SHARE of the "
                    + "attention that they hold (default: 0.95; without the option: all pages)", "--prefill").in(GROUP);

    /// For commands that generate texts that may be longer than memory or the context.
    public static final Option<CachePolicy> CACHE_POLICY = Option.parsed("POLICY", List.of(), ComputeOptions::policy,
            "positions that the KV cache keeps: streaming:SINKS+WINDOW, the first SINKS and up to WINDOW recent ones, "
                    + "so that a text may go on without an end in bounded memory (StreamingLLM); snapkv:BUDGET or "
                    + "expected:BUDGET, of a prompt the BUDGET positions that are likely to be attended to (SnapKV, "
                    + "expected attention), all of the answer; without speculative decoding (default: all positions, "
                    + "up to the context)", "--cache-policy").in(GROUP);

    /// For commands that many processes may run together.
    public static final Option<Integer> TENSOR = Option.integer("N", 1, 8, "ranks among which attention heads, their "
            + "KV cache and columns of MLPs are divided (tensor parallelism): 1, 2, 4 or 8 processes of mpiexec, or "
            + "threads; the same bits on any number", "--tensor").in(GROUP)
            .elsewhere("--tensor-parallel-size", "-tp", "--tp");

    /// For the same commands.
    public static final Option<Integer> EXPERT = Option.integer("N", 1, 1024, "ranks among which the experts of each "
            + "layer are divided (expert parallelism): processes of mpiexec, or threads; the bits of one process",
            "--expert").in(GROUP).elsewhere("--expert-parallel-size", "-ep");

    /// For the same commands.
    public static final Option<Integer> PIPELINE = Option.integer("N", 1, 1024, "ranks among which layers and their KV "
            + "cache are divided (pipeline parallelism): processes of mpiexec, or threads; the bits of one process",
            "--pipeline").in(GROUP).elsewhere("--pipeline-parallel-size", "-pp");

    /// For commands that answer one after the other.
    public static final Option<Integer> CONTEXT_PARALLEL = Option.integer("N", 1, 1024, "ranks among which the KV "
            + "cache is divided by positions, for long prompts (context parallelism): processes of mpiexec, or threads",
            "--context-parallel").in(GROUP).elsewhere("--context-parallel-size", "-cp", "-dcp");

    /// For commands whose work many processes may divide.
    public static final Option<Integer> DATA = Option.integer("N", 1, 1024, "ranks that share the work, each with the "
            + "whole model: threads of this process (default: 1; under mpiexec its processes)", "--data-parallel")
            .in(GROUP).elsewhere("--data-parallel-size", "-dp");

    private static final Option<RopeChange.Kind> ROPE_SCALING = Option.choice("TYPE", RopeChange.Kind.class,
            "scaling of rotary positions, in place of the model's own, for a context --rope-scale times as long",
            "--rope-scaling").in(GROUP).elsewhere("--rope-scaling-type");
    private static final Option<Float> ROPE_SCALE = Option.number("F", 1, 1e6f, "factor of --rope-scaling",
            "--rope-scale").in(GROUP).elsewhere("--rope-factor");
    private static final Option<Integer> ROPE_ORIGINAL = Option.integer("TOKENS", 1, Integer.MAX_VALUE,
            "context that the model was trained for without scaling (default: the model's)", "--rope-original-context")
            .in(GROUP).elsewhere("--yarn-orig-ctx");

    /// For commands that may read longer texts than a model was trained for.
    public static final List<Option<?>> ROPE = List.of(ROPE_SCALING, ROPE_SCALE, ROPE_ORIGINAL);

    /// For commands whose model may have an adapter; [glia.cli.command.Models] finds it.
    public static final Option<String> ADAPTER = Option.text("DIR", "PEFT adapter of the model (LoRA, rsLoRA, DoRA): "
            + "a folder, a GGUF file or a name on the hub", "--adapter")
            .in(GROUP).elsewhere("--lora", "--peft", "--lora-path");

    /// For commands whose model may read pictures.
    public static final Option<String> MMPROJ = Option.text("FILE", "encoder of pictures of a GGUF model "
            + "(default: mmproj*.gguf beside it)", "--mmproj").in(GROUP).elsewhere("--clip-model-path");

    /// The options of every command that computes.
    public static final List<Option<?>> ALL = List.of(THREADS, CONTEXT, KERNELS, PRECISION, BATCH_INVARIANT);

    /// The options of commands that train, whose context and precision are those of a recipe.
    public static final List<Option<?>> TRAINING = List.of(THREADS, KERNELS);

    private ComputeOptions() {}

    private static Drafting earlyExit(String count) {
        try {
            return Drafting.ofFirstLayers(Integer.parseInt(count));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--draft: found '" + EARLY_EXIT + count + "'; expected a number of layers, such "
                    + "as " + EARLY_EXIT + "8");
        }
    }

    private static long kvMemory(String word) {
        long bytes = bytes(word);
        if (bytes < LoadOptions.LEAST_KV_MEMORY) {
            throw new IllegalArgumentException("the KV cache needs 16 MiB of memory or more, not " + word);
        }
        return bytes;
    }

    private static PageChoice pages(String word) {
        Matcher m = Pattern.compile("quest:(\\d{1,7})(?::(8|16|32|64))?").matcher(word);
        if (!m.matches()) {
            throw new IllegalArgumentException("'" + word + "' is not quest:BUDGET or quest:BUDGET:PAGE with pages of "
                    + "8, 16, 32 or 64 positions, such as quest:2048");
        }
        return new PageChoice(m.group(2) == null ? 64 : Integer.parseInt(m.group(2)), Integer.parseInt(m.group(1)),
                true);
    }

    private static double prefill(String word) {
        Matcher m = Pattern.compile("sparse(?::(0?\\.\\d{1,6}))?").matcher(word);
        double share = !m.matches() ? 0 : m.group(1) == null ? USUAL_SHARE : Double.parseDouble(m.group(1));
        if (share < LEAST_SHARE) {
            throw new IllegalArgumentException("'" + word + "' is not sparse or sparse:SHARE with a SHARE from "
                    + LEAST_SHARE + " to 0.999999, such as sparse:0.95");
        }
        return share;
    }

    private static CachePolicy policy(String word) {
        Matcher m = Pattern.compile("streaming:(\\d{1,8})\\+(\\d{1,8})|(snapkv|expected):(\\d{1,8})").matcher(word);
        if (!m.matches()) {
            throw new IllegalArgumentException("'" + word + "' is not streaming:SINKS+WINDOW, snapkv:BUDGET or "
                    + "expected:BUDGET, such as streaming:4+1020 or snapkv:2048");
        }
        return m.group(1) == null
                ? new CachePolicy.Scored(CachePolicy.Scored.Method.valueOf(m.group(3).toUpperCase(Locale.ROOT)),
                        Integer.parseInt(m.group(4)))
                : new CachePolicy.Streaming(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)));
    }

    private static int tokens(String word) {
        Matcher m = SIZE.matcher(word.toLowerCase(Locale.ROOT));
        if (!m.matches() || m.group(3) != null || amount(m) < 1 || amount(m) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("'" + word + "' is not a number of tokens such as 8192, 128k or 1m");
        }
        return (int) amount(m);
    }

    /// The context length of the command line, if it has one.
    public static Optional<Integer> context(Arguments arguments) {
        return arguments.get(CONTEXT);
    }

    private static KeyValueType keyValueType(String word) {
        return KeyValueType.named(word).orElseThrow(() ->
                new IllegalArgumentException("'" + word + "' is not f32, bf16, int8 (also called q8_0), q5, q4, "
                        + "int8:q5, int8:q4 or q5:q4"));
    }

    /// The options as given.
    ///
    /// @param usual the precision if none is given
    public static LoadOptions of(Arguments arguments, Precision usual) {
        return new LoadOptions(arguments.get(THREADS).orElse(0), arguments.get(CONTEXT).orElse(0),
                arguments.get(KERNELS).map(set -> set.name().toLowerCase(Locale.ROOT).replace('_', '-')).orElse("auto"),
                arguments.get(PRECISION).orElse(usual), arguments.get(KV_CACHE_TYPE),
                Drafting.none(), arguments.has(BATCH_INVARIANT),
                arguments.get(KV_MEMORY).orElse(0L), Optional.empty(), rope(arguments),
                PromptFlags.cacheBytes(arguments), arguments.get(ATTENTION),
                arguments.get(PREFILL).map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                arguments.get(CACHE_POLICY), Optional.empty(), arguments.get(MMPROJ).map(Path::of));
    }

    /// The scaling of rotary positions that the command line has in place of the model's.
    public static Optional<RopeChange> rope(Arguments arguments) {
        if (!arguments.has(ROPE_SCALING)) {
            for (Option<?> other : List.of(ROPE_SCALE, ROPE_ORIGINAL)) {
                if (arguments.has(other)) {
                    throw new UsageException(other.name() + " needs " + ROPE_SCALING.name() + " TYPE, such as yarn");
                }
            }
            return Optional.empty();
        }
        float factor = arguments.get(ROPE_SCALE).orElseThrow(() -> new UsageException(ROPE_SCALING.name() + " needs "
                + ROPE_SCALE.name() + " F, how many times the original context is to be covered, such as 4"));
        return Optional.of(new RopeChange(arguments.get(ROPE_SCALING).orElseThrow(), factor,
                arguments.get(ROPE_ORIGINAL).map(OptionalInt::of).orElse(OptionalInt.empty())));
    }

    /// The speculative decoding of the command line, if it is not that of a draft model.
    ///
    /// @param usual its word if none is given
    /// @return empty if a draft model is named, by [#DRAFT]
    public static Optional<Drafting> drafting(Arguments arguments, String usual) {
        String word = arguments.get(DRAFT).orElse(usual);
        if (word.startsWith(EARLY_EXIT)) {
            return Optional.of(earlyExit(word.substring(EARLY_EXIT.length())));
        }
        return switch (word) {
            case "none" -> Optional.of(Drafting.none());
            case "auto" -> Optional.of(Drafting.auto());
            case "ngram" -> Optional.of(Drafting.ofNgrams());
            case "mtp" -> Optional.of(Drafting.ofMtp());
            default -> Optional.empty();
        };
    }

    private static double amount(Matcher m) {
        int power = "kmgt".indexOf(m.group(2)) + (m.group(2).isEmpty() ? 0 : 1);
        return Double.parseDouble(m.group(1)) * Math.pow(1024, power);
    }

    /// Reads a size such as `8GB`, `512MiB` or `1.5g`; units are powers of 1024.
    public static long bytes(String word) {
        Matcher m = SIZE.matcher(word.toLowerCase(Locale.ROOT));
        if (!m.matches()) {
            throw new IllegalArgumentException("'" + word + "' is not a size such as 8GB or 512MB");
        }
        double bytes = amount(m);
        if (bytes < 1 || bytes > Long.MAX_VALUE / 2) {
            throw new IllegalArgumentException(word + " is not between 1 byte and 4 exabytes");
        }
        return (long) bytes;
    }
}

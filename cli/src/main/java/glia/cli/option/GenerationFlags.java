package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.cli.terminal.Table;
import glia.engine.GenerationOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.thinking.ThinkingOptions;
import glia.io.Suggestions;
import glia.text.thinking.Effort;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// Options of text generation: those of `run` and `chat`, which `/set` changes in a chat.
public final class GenerationFlags {
    private static final String GROUP = "Generation";
    private static final SamplingOptions USUAL = SamplingOptions.defaults();
    private static final Option<Integer> MAX_TOKENS = Option.integer("N", 0, Integer.MAX_VALUE,
            "most tokens to generate; 0 is no limit but the context (default: 4096, with thinking 49152)",
            "--max-tokens", "-n").in(GROUP)
            .elsewhere("--n-predict", "--num-predict", "--predict", "--max-new-tokens", "--max-length");
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, Float.MAX_VALUE,
            "sampling temperature; 0 is greedy (default: " + USUAL.temperature() + ")", "--temperature", "--temp")
            .in(GROUP);
    private static final Option<Integer> TOP_K = Option.integer("N", 0, Integer.MAX_VALUE,
            "top-k sampling: keep the N most probable tokens; 0 keeps all (default: " + USUAL.topK() + ")", "--top-k")
            .in(GROUP);
    private static final Option<Float> TOP_P = Option.numberAbove("P", 0, 1,
            "nucleus sampling: keep the smallest set of tokens with this total probability (default: " + USUAL.topP()
                    + ")", "--top-p").in(GROUP);
    private static final Option<Float> MIN_P = Option.numberBelow("P", 0, 1,
            "min-p sampling: drop tokens less probable than P times the most probable (default: " + USUAL.minP() + ")",
            "--min-p").in(GROUP);
    private static final Option<Float> REPETITION_PENALTY = Option.numberAbove("X", 0, Float.MAX_VALUE,
            "repetition penalty: divides positive logits of recent tokens; 1 is off (default: 1)",
            "--repetition-penalty").in(GROUP).elsewhere("--repeat-penalty");
    private static final Option<Float> PRESENCE_PENALTY = Option.number("X", -2, 2,
            "subtracted from the logits of recent tokens (default: 0)", "--presence-penalty").in(GROUP);
    private static final Option<Float> FREQUENCY_PENALTY = Option.number("X", -2, 2,
            "subtracted from the logits of recent tokens, times their count (default: 0)", "--frequency-penalty")
            .in(GROUP);
    private static final Option<Long> SEED = Option.longInteger("N", "random seed (default: random)", "--seed", "-s")
            .in(GROUP);
    private static final Option<String> STOP = Option.text("TEXT",
            "stop string: generation ends before it; may be given several times", "--stop").repeated().in(GROUP)
            .elsewhere("--reverse-prompt", "-r");

    private static final String DIFFUSION_GROUP = "Text diffusion";
    private static final Option<Integer> STEPS = Option.integer("N", 1, Integer.MAX_VALUE,
            "denoising steps (default: the model's, else one a token)", "--steps").in(DIFFUSION_GROUP);
    private static final Option<Integer> BLOCK_LENGTH = Option.integer("N", 1, Integer.MAX_VALUE,
            "tokens of a block, which is denoised before the next begins (default: the model's, else 32)",
            "--block-length").in(DIFFUSION_GROUP);
    private static final Option<String> REMASKING = Option.text("RULE",
            "rule that sets places: low_confidence, random, origin, maskgit_plus, topk_margin or entropy (default: the "
                    + "model's)", "--remasking").in(DIFFUSION_GROUP);
    private static final List<Option<?>> DIFFUSION = List.of(STEPS, BLOCK_LENGTH, REMASKING);

    private static final String THINKING_GROUP = "Thinking";
    private static final Option<Effort> EFFORT = Option.choice("EFFORT", Effort.class,
            "how much a model thinks before its answer: instant, low, medium, high or auto (default: its template's)",
            "--effort").in(THINKING_GROUP).elsewhere("--reasoning-effort", "--think", "--reasoning");
    private static final Option<Integer> THINKING_BUDGET = Option.integer("N", 0, Integer.MAX_VALUE,
            "most tokens of thinking; then the answer is forced (default: the effort's)", "--thinking-budget")
            .in(THINKING_GROUP).elsewhere("--reasoning-budget");
    private static final Option<Integer> MIN_THINKING = Option.integer("N", 0, Integer.MAX_VALUE,
            "fewest tokens of thinking: until then \"Wait\" replaces its end (default: 0)", "--min-thinking")
            .in(THINKING_GROUP);
    /// For `run` and `chat`; not an option of `/set`.
    public static final Option<Boolean> SHOW_THINKING = Option.flag("print the thinking before the answer",
            "--show-thinking").in(THINKING_GROUP);

    /// Those that limit the thinking of one answer.
    public static final List<Option<?>> LIMITS_OF_THINKING = List.of(EFFORT, THINKING_BUDGET, MIN_THINKING);

    /// All of them.
    public static final List<Option<?>> ALL = List.of(MAX_TOKENS, TEMPERATURE, TOP_K, TOP_P, MIN_P, REPETITION_PENALTY,
            PRESENCE_PENALTY, FREQUENCY_PENALTY, SEED, STOP, STEPS, BLOCK_LENGTH, REMASKING, EFFORT,
            THINKING_BUDGET, MIN_THINKING, SteeringFlags.VECTOR, SteeringFlags.LAYERS);

    /// The note on defaults in help texts.
    public static final String NOTE = "A model's generation_config.json replaces these sampling defaults. "
            + "SmolLM2-135M-Instruct has temperature 0 and repetition penalty 1.1.";

    private GenerationFlags() {}

    /// The options as given, with the model's own for the rest.
    public static GenerationOptions of(Arguments arguments, GenerationOptions model) {
        SamplingOptions own = model.sampling();
        OptionalLong seed = arguments.has(SEED) ? OptionalLong.of(arguments.get(SEED).orElseThrow()) : own.seed();
        SamplingOptions sampling = new SamplingOptions(
                arguments.get(TEMPERATURE).orElse(own.temperature()),
                arguments.get(TOP_K).orElse(own.topK()),
                arguments.get(TOP_P).orElse(own.topP()),
                arguments.get(MIN_P).orElse(own.minP()),
                arguments.get(REPETITION_PENALTY).orElse(own.repetitionPenalty()),
                arguments.get(PRESENCE_PENALTY).orElse(own.presencePenalty()),
                arguments.get(FREQUENCY_PENALTY).orElse(own.frequencyPenalty()),
                own.penaltyWindow(), own.logitBias(), seed);
        return new GenerationOptions(sampling, arguments.get(MAX_TOKENS).orElse(model.maxTokens()),
                arguments.has(STOP) ? arguments.all(STOP) : model.stops(), thinking(arguments, model.thinking()))
                .withDiffusion(diffusion(arguments, model.diffusion()))
                .withSteering(SteeringFlags.of(arguments, model.steering()));
    }

    private static Map<String, Object> diffusion(Arguments arguments, Map<String, Object> model) {
        Map<String, Object> all = new HashMap<>(model);
        for (Option<?> option : DIFFUSION) {
            arguments.get(option).ifPresent(value -> all.put(word(option).replace('-', '_'), value));
        }
        return all;
    }

    /// Whether a command line sets the most tokens.
    public static boolean setsMaxTokens(Arguments arguments) {
        return arguments.has(MAX_TOKENS);
    }

    /// Whether a command line sets the temperature.
    public static boolean setsTemperature(Arguments arguments) {
        return arguments.has(TEMPERATURE);
    }

    private static ThinkingOptions thinking(Arguments arguments, ThinkingOptions model) {
        return new ThinkingOptions(arguments.has(EFFORT) ? arguments.get(EFFORT) : model.effort(),
                arguments.has(THINKING_BUDGET) ? OptionalInt.of(arguments.get(THINKING_BUDGET).orElseThrow())
                        : model.budget(), arguments.get(MIN_THINKING).orElse(model.minTokens()));
    }

    /// Refuses options of thinking.
    ///
    /// @param why what follows the option's name in the error
    /// @throws UsageException if one is given
    public static void refuseThinking(Arguments arguments, String why) {
        for (Option<?> option : List.of(EFFORT, THINKING_BUDGET, MIN_THINKING, SHOW_THINKING)) {
            if (arguments.has(option)) {
                throw new UsageException(option.name() + " " + why);
            }
        }
    }

    /// The command line after `/set NAME VALUE`. A seed of `none` or `random`, stop strings of `none` or without a
    /// value, and limits of thinking of `none` are unset.
    ///
    /// @throws UsageException if there is no such name, or the value is missing or wrong
    public static Arguments set(Arguments arguments, String name, String value) {
        Option<?> option = named(name).orElseThrow(() -> new UsageException(
                "There is no option '" + name + "'." + Suggestions.sentence(name, names()) + " /set lists them."));
        boolean isUnset = option == STOP && (value.isEmpty() || value.equals("none"))
                || option.group().equals(SteeringFlags.GROUP) && (value.isEmpty() || value.equals("none"))
                || option == SEED && (value.equals("none") || value.equals("random"))
                || option.group().equals(THINKING_GROUP) && value.equals("none");
        if (isUnset) {
            return arguments.without(option);
        }
        if (value.isEmpty()) {
            throw new UsageException(name + " needs a value: /set " + name + " " + option.label());
        }
        try {
            return arguments.with(option, value);
        } catch (IllegalArgumentException e) {
            throw new UsageException(name + ": " + e.getMessage(), e);
        }
    }

    /// The option of a name of `/set`, such as `temperature`.
    public static Optional<Option<?>> named(String name) {
        for (Option<?> option : ALL) {
            if (option.names().contains("--" + name)) {
                return Optional.of(option);
            }
        }
        return Optional.empty();
    }

    /// The names of `/set`.
    public static List<String> names() {
        return ALL.stream().map(GenerationFlags::word).toList();
    }

    /// The names of `/set` with the values in use.
    public static Table table(GenerationOptions options) {
        SamplingOptions sampling = options.sampling();
        return new Table("ll")
                .row(word(MAX_TOKENS), options.maxTokens() == 0 ? "(no limit)" : options.maxTokens())
                .row(word(TEMPERATURE), sampling.temperature())
                .row(word(TOP_K), sampling.topK())
                .row(word(TOP_P), sampling.topP())
                .row(word(MIN_P), sampling.minP())
                .row(word(REPETITION_PENALTY), sampling.repetitionPenalty())
                .row(word(PRESENCE_PENALTY), sampling.presencePenalty())
                .row(word(FREQUENCY_PENALTY), sampling.frequencyPenalty())
                .row(word(SEED), sampling.seed().isPresent() ? sampling.seed().getAsLong() : "(random)")
                .row(word(STOP), options.stops().isEmpty() ? "(none)" : String.join(" ", options.stops()))
                .row(word(STEPS), options.diffusion().getOrDefault("steps", "(the model's)"))
                .row(word(BLOCK_LENGTH), options.diffusion().getOrDefault("block_length", "(the model's)"))
                .row(word(REMASKING), options.diffusion().getOrDefault("remasking", "(the model's)"))
                .row(word(EFFORT), options.thinking().effort().map(Effort::word).orElse("(the template's)"))
                .row(word(THINKING_BUDGET), options.thinking().budget().isPresent()
                        ? options.thinking().budget().getAsInt()
                        : options.thinking().effort().isPresent() ? "(the effort's)" : "(no limit)")
                .row(word(MIN_THINKING), options.thinking().minTokens())
                .row(word(SteeringFlags.VECTOR), SteeringFlags.shown(options.steering()));
    }

    private static String word(Option<?> option) {
        return option.name().substring(2);
    }
}

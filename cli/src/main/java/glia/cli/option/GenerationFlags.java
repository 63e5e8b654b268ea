package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.terminal.Table;
import glia.engine.GenerationOptions;
import glia.engine.sampling.SamplingOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// How answers are made: the options of `run` and `chat`, which `/set` changes in a conversation.
public final class GenerationFlags {
    private static final SamplingOptions USUAL = SamplingOptions.defaults();
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, Float.MAX_VALUE,
            "0 takes the likeliest token, more is more daring (default: " + USUAL.temperature() + ")", "--temperature");
    private static final Option<Integer> TOP_K = Option.integer("N", 0, Integer.MAX_VALUE,
            "choose among the N likeliest tokens, 0 for all (default: " + USUAL.topK() + ")", "--top-k");
    private static final Option<Float> TOP_P = Option.number("P", 0, 1,
            "choose among the likeliest tokens that have this share of the probability (default: " + USUAL.topP() + ")",
            "--top-p");
    private static final Option<Float> MIN_P = Option.number("P", 0, 1,
            "leave out tokens with less than this share of the likeliest's probability (default: " + USUAL.minP() + ")",
            "--min-p");
    private static final Option<Float> REPETITION_PENALTY = Option.number("X", 0, Float.MAX_VALUE,
            "divide the logits of recent tokens; 1 is off (default: 1)", "--repetition-penalty");
    private static final Option<Float> PRESENCE_PENALTY = Option.number("X", -2, 2,
            "take this from the logits of recent tokens (default: 0)", "--presence-penalty");
    private static final Option<Float> FREQUENCY_PENALTY = Option.number("X", -2, 2,
            "take this from them for each time they came (default: 0)", "--frequency-penalty");
    private static final Option<Long> SEED = Option.longInteger("N",
            "the same seed gives the same answers (default: chance)", "--seed");
    private static final Option<Integer> MAX_TOKENS = Option.integer("N", 0, Integer.MAX_VALUE,
            "tokens of an answer at most, 0 for no limit but the context (default: 0)", "--max-tokens");
    private static final Option<String> STOP =
            Option.text("TEXT", "end an answer before this text; may be given several times", "--stop").repeated();

    /// All of them.
    public static final List<Option<?>> ALL = List.of(TEMPERATURE, TOP_K, TOP_P, MIN_P, REPETITION_PENALTY,
            PRESENCE_PENALTY, FREQUENCY_PENALTY, SEED, MAX_TOKENS, STOP);

    /// What the help texts say of the defaults.
    public static final List<String> NOTES =
            List.of("Where a model's generation_config.json says how to sample, that is the default.");

    private GenerationFlags() {}

    /// What was asked for, with the model's own options for the rest.
    ///
    /// @throws IllegalArgumentException if a value is impossible
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
                arguments.has(STOP) ? arguments.all(STOP) : model.stops());
    }

    /// Refuses impossible values before a model is fetched and loaded.
    ///
    /// @throws IllegalArgumentException if there is one
    public static void check(Arguments arguments) {
        of(arguments, GenerationOptions.defaults());
    }

    /// The same command line with these values, by the names that `/set` knows, where it has none of its own.
    public static Arguments where(Arguments arguments, Map<String, String> values) {
        Arguments changed = arguments;
        for (Map.Entry<String, String> value : values.entrySet()) {
            Option<?> option = named(value.getKey()).orElseThrow();
            changed = changed.has(option) ? changed : changed.with(option, value.getValue());
        }
        return changed;
    }

    /// The option that `/set` means by this name, such as `temperature`.
    public static Optional<Option<?>> named(String name) {
        for (Option<?> option : ALL) {
            if (word(option).equals(name)) {
                return Optional.of(option);
            }
        }
        return Optional.empty();
    }

    /// The names that `/set` knows, with the values in use.
    public static Table table(GenerationOptions options) {
        SamplingOptions sampling = options.sampling();
        return new Table("ll")
                .row(word(TEMPERATURE), sampling.temperature())
                .row(word(TOP_K), sampling.topK())
                .row(word(TOP_P), sampling.topP())
                .row(word(MIN_P), sampling.minP())
                .row(word(REPETITION_PENALTY), sampling.repetitionPenalty())
                .row(word(PRESENCE_PENALTY), sampling.presencePenalty())
                .row(word(FREQUENCY_PENALTY), sampling.frequencyPenalty())
                .row(word(SEED), sampling.seed().isPresent() ? sampling.seed().getAsLong() : "(chance)")
                .row(word(MAX_TOKENS), options.maxTokens() == 0 ? "(no limit)" : options.maxTokens())
                .row(word(STOP), options.stops().isEmpty() ? "(none)" : String.join(" ", options.stops()));
    }

    private static String word(Option<?> option) {
        return option.name().substring(2);
    }
}

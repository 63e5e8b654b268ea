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
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;

/// How answers are made: the options of `run` and `chat`, which `/set` changes in a conversation.
public final class GenerationFlags {
    /// One option: where its value goes, and how the value in use is shown.
    private record Flag<T>(Option<T> option, BiFunction<GenerationOptions, T, GenerationOptions> set,
                           Function<GenerationOptions, Object> shown) {
        GenerationOptions apply(Arguments arguments, GenerationOptions options) {
            return arguments.get(option).map(value -> set.apply(options, value)).orElse(options);
        }
    }

    private static final GenerationOptions DEFAULTS = GenerationOptions.defaults();
    private static final List<Flag<?>> FLAGS = List.of(
            sampling(Option.number("X", 0, Float.MAX_VALUE, usual("0 takes the likeliest token, more is more daring",
                    DEFAULTS.sampling().temperature()), "--temperature"),
                    SamplingOptions::withTemperature, SamplingOptions::temperature),
            sampling(Option.integer("N", 0, Integer.MAX_VALUE, usual("choose among the N likeliest tokens, 0 for all",
                    DEFAULTS.sampling().topK()), "--top-k"), SamplingOptions::withTopK, SamplingOptions::topK),
            sampling(Option.number("P", 0, 1, usual("choose among the likeliest tokens that have this share of the "
                    + "probability", DEFAULTS.sampling().topP()), "--top-p"),
                    SamplingOptions::withTopP, SamplingOptions::topP),
            sampling(Option.number("P", 0, 1, usual("leave out tokens with less than this share of the likeliest's "
                    + "probability", DEFAULTS.sampling().minP()), "--min-p"),
                    SamplingOptions::withMinP, SamplingOptions::minP),
            sampling(Option.number("X", 0, Float.MAX_VALUE, "divide the logits of recent tokens; 1 is off",
                    "--repetition-penalty"),
                    SamplingOptions::withRepetitionPenalty, SamplingOptions::repetitionPenalty),
            sampling(Option.number("X", -2, 2, "take this from the logits of recent tokens", "--presence-penalty"),
                    SamplingOptions::withPresencePenalty, SamplingOptions::presencePenalty),
            sampling(Option.number("X", -2, 2, "take this from them for each time they came", "--frequency-penalty"),
                    SamplingOptions::withFrequencyPenalty, SamplingOptions::frequencyPenalty),
            sampling(Option.longInteger("N", "the same seed gives the same answers (default: chance)", "--seed"),
                    SamplingOptions::withSeed, options -> shown(options.seed())),
            new Flag<>(Option.integer("N", 0, Integer.MAX_VALUE, "tokens of an answer at most, 0 for no limit",
                    "--max-tokens"), GenerationOptions::withMaxTokens, GenerationOptions::maxTokens));
    private static final Option<String> STOP =
            Option.text("TEXT", "end an answer before this text; may be given several times", "--stop").repeated();

    /// All of them.
    public static final List<Option<?>> ALL =
            Stream.concat(FLAGS.stream().<Option<?>>map(Flag::option), Stream.of(STOP)).toList();

    private GenerationFlags() {}

    /// What was asked for, with defaults for the rest.
    ///
    /// @throws IllegalArgumentException if a value is impossible
    public static GenerationOptions of(Arguments arguments) {
        GenerationOptions options = DEFAULTS;
        for (Flag<?> flag : FLAGS) {
            options = flag.apply(arguments, options);
        }
        return new GenerationOptions(options.sampling(), options.maxTokens(), arguments.all(STOP));
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
        return ALL.stream().<Option<?>>map(option -> option).filter(option -> option.name().equals("--" + name))
                .findFirst();
    }

    /// The names that `/set` knows, with the values in use.
    public static Table table(GenerationOptions options) {
        Table table = new Table("ll");
        FLAGS.forEach(flag -> table.row(flag.option().name().substring(2), flag.shown().apply(options)));
        return table.row("stop", options.stops().isEmpty() ? "(none)" : String.join(" ", options.stops()));
    }

    private static <T> Flag<T> sampling(Option<T> option, BiFunction<SamplingOptions, T, SamplingOptions> set,
                                        Function<SamplingOptions, Object> shown) {
        return new Flag<>(option, (options, value) -> options.withSampling(set.apply(options.sampling(), value)),
                options -> shown.apply(options.sampling()));
    }

    private static String usual(String description, Object value) {
        return description + " (default: " + value + ")";
    }

    private static Object shown(OptionalLong seed) {
        return seed.isPresent() ? seed.getAsLong() : "(chance)";
    }
}

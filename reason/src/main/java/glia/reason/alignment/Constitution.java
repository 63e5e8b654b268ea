package glia.reason.alignment;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.Suggestions;
import glia.io.yaml.YamlDocument;
import glia.reason.reward.ContainedReward;
import glia.reason.reward.Rewards;
import glia.reason.reward.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/// The principles that answers should keep ([constitutional AI](https://arxiv.org/abs/2212.08073)), each with requests
/// to a model and a check by one of the [Rewards] that have names:
///
/// ```yaml
/// principles:
///   - name: calm
///     critique: "Does your last answer have exclamation marks? Say where."
///     revision: "Rewrite your last answer without exclamation marks."
///     comparison: "Which answer has no exclamation marks?"
///     check: {name: format, pattern: '[^!]*'}
///     least: 1
/// ```
///
/// @param principles at least one; names differ
public record Constitution(List<Principle> principles) implements AutoCloseable {
    private static final String PRINCIPLES = "principles";
    private static final List<String> KEYS = List.of("name", "critique", "revision", "comparison", "check", "least");
    private static final String SHIPPED = "constitution.yaml";

    public Constitution {
        principles = List.copyOf(principles);
    }

    /// Reads a YAML file.
    ///
    /// @throws CheckpointException if a key is missing, unknown or has a wrong value, or a check is no reward; the
    ///     message names the line
    public static Constitution read(Path file) throws CheckpointException {
        return of(YamlDocument.read(file));
    }

    /// The constitution that comes with the program: relevant, brief, complete, prose, direct.
    public static Constitution shipped() {
        try (InputStream in = Constitution.class.getResourceAsStream("/glia/reason/data/" + SHIPPED)) {
            return of(YamlDocument.parse(Path.of(SHIPPED), new String(in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Constitution of(YamlDocument yaml) throws CheckpointException {
        Config config = yaml.config();
        requireKnown(config, List.of(PRINCIPLES));
        if (!config.isList(PRINCIPLES)) {
            throw config.error(PRINCIPLES, (config.has(PRINCIPLES) ? "found " + config.found(PRINCIPLES)
                    : "is missing") + ", expected a list of mappings with the keys " + String.join(", ", KEYS));
        }
        List<Principle> principles = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Config each : config.children(PRINCIPLES)) {
            Principle principle = principle(each);
            if (!names.add(principle.name())) {
                throw each.error("name", "is " + principle.name() + ", as that of an earlier principle; rename one");
            }
            principles.add(principle);
        }
        if (principles.isEmpty()) {
            throw config.error(PRINCIPLES, "is an empty list, expected at least one principle");
        }
        return new Constitution(principles);
    }

    private static Principle principle(Config config) throws CheckpointException {
        requireKnown(config, KEYS);
        double least = config.real("least", 1);
        return new Principle(text(config, "name"), text(config, "critique"), text(config, "revision"),
                text(config, "comparison"), check(config), least);
    }

    private static String text(Config config, String key) throws CheckpointException {
        String text = config.text(key);
        if (text.isBlank()) {
            throw config.error(key, "is blank, expected a text");
        }
        return text;
    }

    private static ContainedReward check(Config config) throws CheckpointException {
        Map<String, Object> options = new LinkedHashMap<>();
        if (config.isText("check")) {
            options.put("name", config.text("check"));
        } else {
            for (Map.Entry<?, ?> e : config.child("check").values().entrySet()) {
                if (e.getValue() == null) {
                    throw config.error("check." + e.getKey(), "is null, expected a value");
                }
                options.put(String.valueOf(e.getKey()), e.getValue());
            }
        }
        if (!(options.remove("name") instanceof String name)) {
            throw config.error("check", "has no name of a reward, expected a mapping such as {name: length, max: 30}");
        }
        try {
            return new ContainedReward(Rewards.named(name, options));
        } catch (IllegalArgumentException e) {
            throw config.error("check", "cannot be made: " + e.getMessage());
        }
    }

    private static void requireKnown(Config config, List<String> known) throws CheckpointException {
        for (String key : config.keys()) {
            if (!known.contains(key)) {
                throw config.error(key, "is unknown; the keys are " + String.join(", ", known) + "."
                        + Suggestions.sentence(key, known));
            }
        }
    }

    /// Which principles an answer keeps, in their order.
    public boolean[] kept(Sample answer) {
        boolean[] kept = new boolean[principles.size()];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = principles.get(i).isKept(answer);
        }
        return kept;
    }

    /// How many principles an answer keeps.
    public int numKept(Sample answer) {
        return (int) principles.stream().filter(p -> p.isKept(answer)).count();
    }

    @Override
    public void close() {
        principles.forEach(p -> p.check().close());
    }

    /// A principle of a [Constitution].
    ///
    /// @param name a word
    /// @param critique the request to criticize the last answer by this principle; `{prompt}` stands for the prompt
    /// @param revision the request to rewrite it, with the same placeholder
    /// @param comparison the question which of two answers follows the principle
    /// @param check scores an answer without a model; a check that fails or does not apply counts as a principle that
    ///        is not kept
    /// @param least the score from which an answer keeps the principle
    public record Principle(String name, String critique, String revision, String comparison, ContainedReward check,
            double least) {
        private static final String PROMPT = "{prompt}";

        /// The request for a critique of an answer to a prompt.
        String critiqueOf(String prompt) {
            return critique.replace(PROMPT, prompt);
        }

        /// The request for a revision of an answer to a prompt.
        String revisionOf(String prompt) {
            return revision.replace(PROMPT, prompt);
        }

        /// Whether an answer keeps this principle, as its check says.
        public boolean isKept(Sample answer) {
            OptionalDouble score = check.score(answer);
            return score.isPresent() && score.getAsDouble() >= least;
        }
    }
}

package glia.serve.load;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// The prompts of a load generator.
@FunctionalInterface
public interface LoadPrompts {
    /// Words of a prompt where the context is large enough.
    int USUAL_WORDS = 100;
    /// The most tokens of a word with its space, for vocabularies that are little more than letters.
    int TOKENS_OF_WORD = 8;
    /// Tokens left for a chat template.
    int TEMPLATE_TOKENS = 64;

    /// A prompt.
    ///
    /// @param system the system prompt; empty for none
    /// @param user the user's message
    /// @param expected the whole answer, thinking first, if it is known: another one is an error
    record Prompt(String system, String user, Optional<String> expected) { }

    /// The next prompt. For several threads, each with its own random numbers.
    Prompt next(RandomGenerator random);

    /// The prompts for a model.
    ///
    /// @param contextTokens the model's context; empty if it is not known
    /// @param answerTokens the tokens of an answer, which the context holds too
    default LoadPrompts within(OptionalInt contextTokens, int answerTokens) {
        return this;
    }

    /// Random words: 100 of each prompt's own, or as few as the context of a small model holds.
    ///
    /// @param shared words of a system prompt that all prompts have
    static LoadPrompts fitting(int shared) {
        return new LoadPrompts() {
            @Override
            public Prompt next(RandomGenerator random) {
                return within(OptionalInt.empty(), 0).next(random);
            }

            @Override
            public LoadPrompts within(OptionalInt contextTokens, int answerTokens) {
                int room = (contextTokens.orElse(Integer.MAX_VALUE) - answerTokens - TEMPLATE_TOKENS)
                        / TOKENS_OF_WORD - shared;
                return words(shared, Math.clamp(room, 1, USUAL_WORDS));
            }
        };
    }

    /// Random words.
    ///
    /// @param shared words of a system prompt that all prompts have
    /// @param own words of each prompt's own
    static LoadPrompts words(int shared, int own) {
        String system = random(shared, new SplittableRandom(0));
        return random -> new Prompt(system, random(own, random), Optional.empty());
    }

    private static String random(int count, RandomGenerator random) {
        String[] all = ("river stone lamp garden paper bridge winter music table window letter morning forest engine "
                + "harbour color number story village market pencil silver thunder island castle orange valley method "
                + "answer signal button circle farmer doctor picture summer ladder kitchen mirror basket").split(" ");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : " ").append(all[random.nextInt(all.length)]);
        }
        return text.toString();
    }
}

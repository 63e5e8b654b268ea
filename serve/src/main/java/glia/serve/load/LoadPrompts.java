package glia.serve.load;

import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// The prompts of a load generator.
@FunctionalInterface
public interface LoadPrompts {
    /// A prompt.
    ///
    /// @param system the system prompt; empty for none
    /// @param user the user's message
    /// @param expected the whole answer, thinking first, if it is known: another one is an error
    record Prompt(String system, String user, Optional<String> expected) { }

    /// The next prompt. For several threads, each with its own random numbers.
    Prompt next(RandomGenerator random);

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

package glia.reason.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Word problems in several steps: `Ann has 12 apples. She buys 3 bags of 4 apples. … How many apples does she have
/// now?`
///
/// The canonical form is the number at the start with the steps and their numbers, without names and things.
final class WordProblemTask extends NamedTask {
    private static final int MAX_VALUE = 2_000;
    private static final List<Integer> STEPS = List.of(1, 2, 3, 4, 6);
    private static final List<String> SHE = List.of("Ann", "Cora", "Eva", "Hana", "Mia", "Zoe");
    private static final List<String> HE = List.of("Ben", "Dan", "Finn", "Gus", "Leo", "Max");
    private static final List<String> THINGS = List.of("apples", "marbles", "stickers", "pencils", "cards", "coins",
            "shells", "stamps");

    WordProblemTask() {
        super("word-problems", "word problems of one to six steps", 2, "one step", "two steps", "three steps",
                "four steps", "six steps");
    }

    /// A story while it grows.
    private static final class Story {
        final RandomStream random;
        final String she;
        final String name;
        final String friend;
        final String things;
        final StringBuilder text = new StringBuilder();
        final List<String> steps = new ArrayList<>();
        int value;

        Story(RandomStream random) {
            this.random = random;
            boolean isShe = random.chance(0.5);
            name = random.pick(isShe ? SHE : HE);
            friend = random.pick(isShe ? HE : SHE);
            she = isShe ? "she" : "he";
            things = random.pick(THINGS);
            value = random.between(2, 40);
            steps.add(Integer.toString(value));
            text.append(name).append(" has ").append(value).append(' ').append(things).append('.');
        }

        void add(String sentence, String step, int next) {
            text.append(' ').append(Character.toUpperCase(sentence.charAt(0))).append(sentence, 1, sentence.length());
            steps.add(step);
            value = next;
        }

        /// Adds a step, if the value and the drawn numbers allow it.
        boolean step() {
            int n = random.between(2, 12);
            int m = random.between(2, 9);
            switch (random.below(8)) {
                case 0:
                    add(she + " finds " + n + " more.", "+" + n, value + n);
                    return true;
                case 1:
                    add(she + " buys " + m + " bags with " + n + " " + things + " in each.", "+" + m + "*" + n,
                            value + m * n);
                    return true;
                case 2:
                    if (n >= value) {
                        return false;
                    }
                    add(she + " gives " + n + " of them to " + friend + ".", "-" + n, value - n);
                    return true;
                case 3:
                    if (m * n >= value) {
                        return false;
                    }
                    add(she + " puts " + n + " of them in each of " + m + " boxes and sells the boxes.",
                            "-" + m + "*" + n, value - m * n);
                    return true;
                case 4:
                    if (value % m != 0 || value == m) {
                        return false;
                    }
                    add(she + " shares them equally among " + m + " people, herself included, and keeps one share."
                            .replace("herself", she.equals("she") ? "herself" : "himself"), "/" + m, value / m);
                    return true;
                case 5:
                    if (value * 2 > MAX_VALUE) {
                        return false;
                    }
                    add("then the number of " + her() + " " + things + " doubles.", "*2", value * 2);
                    return true;
                case 6:
                    if (value % 2 != 0) {
                        return false;
                    }
                    add(she + " loses half of them.", "/2", value / 2);
                    return true;
                default:
                    if (value * m > MAX_VALUE) {
                        return false;
                    }
                    add(friend + " has " + m + " times as many and gives all of them to " + name + ".",
                            "+" + m + "x", value + value * m);
                    return true;
            }
        }

        private String her() {
            return she.equals("she") ? "her" : "his";
        }
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        Story story = new Story(random);
        while (story.steps.size() <= STEPS.get(level - 1)) {
            story.step();
        }
        story.text.append(" How many ").append(story.things).append(" does ").append(story.name).append(" have now?");
        return new Instance(String.join(" ", story.steps), story.text.toString(),
                Map.of("answer", Integer.toString(story.value), "steps", List.copyOf(story.steps)));
    }
}

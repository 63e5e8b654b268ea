package glia.lab.eval;

import glia.io.CheckpointException;
import glia.lab.eval.EvalTask.Kind;
import glia.lab.eval.EvalTask.Match;
import glia.lab.eval.EvalTask.Score;
import glia.lab.eval.EvalTask.Settings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// The 13 tasks of [RULER](https://arxiv.org/abs/2404.06654), generated for any length: needles in a haystack, variable
/// tracking (vt), common and frequent words (cwe, fwe), questions to documents (qa). A score is the share of answers
/// that occur in the generated text; in qa any of them counts.
///
/// Lengths count words and punctuation marks with the answer, a rule that needs no tokenizer. Essays are the texts of
/// the task `prose`, repeated; documents and names are invented.
public final class Ruler {
    /// The beginning of the names of these tasks: `ruler:TASK:LENGTH`, or `ruler:LENGTH` for all.
    public static final String PREFIX = "ruler:";
    /// The usual number of a task's items.
    public static final int ITEMS = 20;
    private static final int LEAST = 512;
    private static final int MOST = 1 << 22;
    private static final int WORD_LETTERS = 6;
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_]+|[^\\sA-Za-z0-9_]");
    private static final String NOISE =
            "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.";
    private static final String NEEDLE = "One of the special magic %ss for %s is: %s.";
    private static final String[] SYLLABLES = ("ba be bo da de do fa fe fi ga go ka ke ko la le li lo ma me mi mo na "
            + "ne no pa pe po ra re ri ro sa se si so ta te ti to va ve vi vo za ze zo").split(" ");

    /// What stands between the needles.
    private enum Hay { NOISE, ESSAY, NEEDLES }

    /// @param hay between the needles
    /// @param keyIsUuid whether keys are UUIDs, else two words
    /// @param valueIsUuid whether values are UUIDs, else seven digits
    private record Needles(Hay hay, boolean keyIsUuid, boolean valueIsUuid, int keys, int values, int queries) { }

    /// An item: a text of a size, a question, and the beginning of its answer.
    private record Made(String input, String prefix, List<String> outputs) { }

    private static final Map<String, Needles> NEEDLES = new LinkedHashMap<>();

    static {
        NEEDLES.put("niah_single_1", new Needles(Hay.NOISE, false, false, 1, 1, 1));
        NEEDLES.put("niah_single_2", new Needles(Hay.ESSAY, false, false, 1, 1, 1));
        NEEDLES.put("niah_single_3", new Needles(Hay.ESSAY, false, true, 1, 1, 1));
        NEEDLES.put("niah_multikey_1", new Needles(Hay.ESSAY, false, false, 4, 1, 1));
        NEEDLES.put("niah_multikey_2", new Needles(Hay.NEEDLES, false, false, 1, 1, 1));
        NEEDLES.put("niah_multikey_3", new Needles(Hay.NEEDLES, true, true, 1, 1, 1));
        NEEDLES.put("niah_multivalue", new Needles(Hay.ESSAY, false, false, 1, 4, 1));
        NEEDLES.put("niah_multiquery", new Needles(Hay.ESSAY, false, false, 4, 1, 4));
    }

    /// The names of all tasks.
    public static final List<String> TASKS = List.of("niah_single_1", "niah_single_2", "niah_single_3",
            "niah_multikey_1", "niah_multikey_2", "niah_multikey_3", "niah_multivalue", "niah_multiquery", "vt", "cwe",
            "fwe", "qa_1", "qa_2");

    private Ruler() { }

    /// The names of tasks that a name of the command line stands for: `ruler:4096` for all 13, others for themselves.
    public static List<String> names(String name) {
        return !name.matches(PREFIX + "\\d+") ? List.of(name)
                : TASKS.stream().map(task -> PREFIX + task + ":" + name.substring(PREFIX.length())).toList();
    }

    /// The task of a name, `ruler:TASK:LENGTH`, with items that are the same in each run.
    ///
    /// @throws IllegalArgumentException if there is no such task or the length is not 512 to 4,194,304
    static EvalTask read(String name, int count) throws CheckpointException {
        String[] parts = name.split(":", -1);
        int length = parts.length == 3 && parts[2].matches("\\d{1,7}") ? Integer.parseInt(parts[2]) : 0;
        if (parts.length != 3 || !TASKS.contains(parts[1]) || length < LEAST || length > MOST) {
            throw new IllegalArgumentException("found the task " + name + ", expected ruler:LENGTH for all tasks or "
                    + "ruler:TASK:LENGTH, of a length from " + LEAST + " to " + MOST + " and one of "
                    + String.join(", ", TASKS));
        }
        List<String> essay = new ArrayList<>();
        for (EvalItem item : TaskFile.read("prose").items()) {
            essay.addAll(List.of(((EvalItem.Text) item).text().replaceAll("\\s+", " ").split("(?<=[.!?]) ")));
        }
        List<EvalItem> items = new ArrayList<>();
        int answer = answerTokens(parts[1]);
        for (int i = 0; i < count; i++) {
            long seed = 31L * i + parts[1].hashCode();
            Made made = longest(size -> make(parts[1], size, new Random(seed), essay), length - answer);
            items.add(new EvalItem.Generation(parts[1] + "-" + i, made.input + " " + made.prefix, made.outputs));
        }
        return new EvalTask(name, Kind.GENERATE, new Settings(0, " ", "\n\n", Score.SUM, List.of(), answer, List.of(),
                false, "", parts[1].startsWith("qa") ? Match.ANY : Match.ALL), items, List.of());
    }

    private static int answerTokens(String task) {
        return switch (task) {
            case "vt" -> 30;
            case "cwe" -> 120;
            case "fwe" -> 50;
            case "qa_1", "qa_2" -> 32;
            default -> 128;
        };
    }

    /// The number of words and punctuation marks.
    public static int length(String text) {
        return (int) WORD.matcher(text).results().count();
    }

    /// The item with the largest haystack that has room.
    private static Made longest(IntFunction<Made> ofSize, int room) {
        int low = 1;
        int high = 2;
        while (fits(ofSize.apply(high), room)) {
            low = high;
            high *= 2;
        }
        while (high - low > Math.max(1, low / 50)) {
            int middle = (low + high) / 2;
            if (fits(ofSize.apply(middle), room)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return ofSize.apply(low);
    }

    private static boolean fits(Made made, int room) {
        return length(made.input) + length(made.prefix) <= room;
    }

    private static Made make(String task, int size, Random random, List<String> essay) {
        return switch (task) {
            case "vt" -> variables(size, random);
            case "cwe" -> commonWords(size, random);
            case "fwe" -> frequentWords(size, random);
            case "qa_1", "qa_2" -> documents(size, random, task.equals("qa_2"));
            default -> needles(NEEDLES.get(task), size, random, essay);
        };
    }

    private static Made needles(Needles form, int size, Random random, List<String> essay) {
        String type = form.valueIsUuid ? "uuid" : "number";
        Set<String> keys = distinct(form.keys, () -> key(form, random));
        List<String> needles = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        List<String> queried = List.copyOf(keys).subList(0, form.queries);
        for (String key : keys) {
            for (int i = 0; i < form.values; i++) {
                String value = value(form, random);
                needles.add(NEEDLE.formatted(type, key, value));
                if (queried.contains(key)) {
                    outputs.add(value);
                }
            }
        }
        List<String> hay = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            hay.add(switch (form.hay) {
                case NOISE -> NOISE;
                case ESSAY -> essay.get(i % essay.size());
                case NEEDLES -> NEEDLE.formatted(type, key(form, random), value(form, random));
            });
        }
        Collections.shuffle(needles, random);
        needles.forEach(needle -> hay.add(random.nextInt(hay.size() + 1), needle));
        String asked = queried.size() == 1 ? queried.getFirst() : String.join(", ", queried.subList(0,
                queried.size() - 1)) + ", and " + queried.getLast();
        boolean isOne = outputs.size() == 1;
        String text = String.join(form.hay == Hay.ESSAY ? " " : "\n", hay);
        return new Made((isOne ? "A special magic " + type + " is" : "Some special magic " + type + "s are")
                + " hidden within the following text. Make sure to memorize it. I will quiz you about the " + type
                + (isOne ? "" : "s") + " afterwards.\n" + text + "\nWhat " + (isOne ? "is the" : "are all the")
                + " special magic " + type + (isOne ? "" : "s") + " for " + asked + " mentioned in the provided text?",
                "The special magic " + type + (isOne ? "" : "s") + " for " + asked + " mentioned in the provided text "
                + (isOne ? "is" : "are"), outputs);
    }

    private static String key(Needles form, Random random) {
        return form.keyIsUuid ? uuid(random) : word(random, 2) + "-" + word(random, 3);
    }

    private static String value(Needles form, Random random) {
        return form.valueIsUuid ? uuid(random) : Integer.toString(1_000_000 + random.nextInt(9_000_000));
    }

    private static String uuid(Random random) {
        return new UUID(random.nextLong() & ~0xf000L | 0x4000L, random.nextLong() >>> 2 | Long.MIN_VALUE).toString();
    }

    private static String word(Random random, int syllables) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < syllables; i++) {
            word.append(SYLLABLES[random.nextInt(SYLLABLES.length)]);
        }
        return word.toString();
    }

    private static String name(Random random, int syllables) {
        String word = word(random, syllables);
        return Character.toUpperCase(word.charAt(0)) + word.substring(1);
    }

    private static Set<String> distinct(int count, Supplier<String> next) {
        Set<String> all = new LinkedHashSet<>();
        while (all.size() < count) {
            all.add(next.get());
        }
        return all;
    }

    private static String letters(Random random, int count, char first) {
        StringBuilder letters = new StringBuilder();
        random.ints(count, 0, 26).forEach(i -> letters.append((char) (first + i)));
        return letters.toString();
    }

    private static Made variables(int size, Random random) {
        List<String> lines = new ArrayList<>(Collections.nCopies(size, NOISE));
        List<String> names = List.copyOf(distinct(5, () -> letters(random, 5, 'A')));
        String value = Integer.toString(10_000 + random.nextInt(90_000));
        int[] places = IntStream.range(0, names.size()).map(i -> random.nextInt(size + 1)).sorted().toArray();
        for (int i = names.size() - 1; i >= 0; i--) {
            lines.add(places[i], "VAR " + names.get(i) + " = " + (i == 0 ? value : "VAR " + names.get(i - 1)));
        }
        return new Made("Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n"
                + String.join("\n", lines) + "\n\nQuestion: Find all variables that are assigned the value " + value
                + " in the text above.", "Answer: According to the chain(s) of variable assignment in the text above, "
                + names.size() + " variables are assigned the value " + value + ", they are:", names);
    }

    private static Made commonWords(int size, Random random) {
        List<String> words = List.copyOf(distinct(10 + size, () -> word(random, 2 + random.nextInt(2))));
        boolean isShort = size < 400;
        List<String> all = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            all.addAll(Collections.nCopies(i < 10 ? isShort ? 6 : 30 : isShort ? 1 : 3, words.get(i)));
        }
        Collections.shuffle(all, random);
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < all.size(); i++) {
            list.append(i == 0 ? "" : " ").append(i + 1).append(". ").append(all.get(i));
        }
        return new Made("Below is a numbered list of words. In these words, some appear more often than others. "
                + "Memorize the ones that appear most often.\n" + list
                + "\nQuestion: What are the 10 most common words in the above list?",
                "Answer: The top 10 words that appear most often in the list are:", words.subList(0, 10));
    }

    /// The word of rank k occurs `size · k⁻² / ζ(2)` times; the first is shown as dots.
    private static Made frequentWords(int size, Random random) {
        List<String> words = List.copyOf(distinct(40, () -> letters(random, WORD_LETTERS, 'a')));
        List<String> all = new ArrayList<>();
        int number = 60 + size;
        for (int rank = 1; rank <= words.size(); rank++) {
            all.addAll(Collections.nCopies((int) (number / (rank * rank * Math.PI * Math.PI / 6)),
                    rank == 1 ? "..." : words.get(rank - 1)));
        }
        Collections.shuffle(all, random);
        return new Made("Read the following coded text and track the frequency of each coded word. Find the three most "
                + "frequently appeared coded words. " + String.join(" ", all) + "\nQuestion: Do not provide any "
                + "explanation. Please ignore the dots '....'. What are the three most frequently appeared words in "
                + "the above coded text?", "Answer: According to the coded text above, the three most frequently "
                + "appeared words are:", words.subList(1, 4));
    }

    private static Made documents(int size, Random random, boolean twoSteps) {
        String[] goods = "glass wool salt timber copper cheese paper tin honey silk".split(" ");
        List<String> documents = new ArrayList<>();
        String question = "";
        String answer = "";
        for (int i = 0; i < Math.max(2, size); i++) {
            String town = name(random, 4);
            String other = name(random, 3) + " " + name(random, 4);
            String city = name(random, 3);
            String good = goods[random.nextInt(goods.length)];
            if (twoSteps) {
                documents.add(town + " Light is a film by " + other + ". It was shown at three festivals.");
                documents.add(other + " was born in " + city + " and worked on the stage before turning to film.");
            } else {
                documents.add("The town of " + town + " lies on the river " + city + ". Its trade rested on " + good
                        + ". The first houses stood near the ford.");
            }
            question = twoSteps ? "In which city was the director of " + town + " Light born?"
                    : "What did the trade of " + town + " rest on?";
            answer = twoSteps ? city : good;
        }
        Collections.shuffle(documents, random);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < documents.size(); i++) {
            text.append("Document ").append(i + 1).append(":\n").append(documents.get(i)).append("\n\n");
        }
        String task = "Answer the question based on the given documents. Only give me the answer and do not output any "
                + "other words.\n\n";
        return new Made(task + "The following are given documents.\n\n" + text + task + "Question: " + question,
                "Answer:", List.of(answer));
    }
}

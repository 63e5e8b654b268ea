package glia.reason.trace;

import glia.reason.task.RandomStream;
import glia.train.data.ChatLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Single calculations such as `17-4=13`, to teach arithmetic before traces do. Traces alone teach it slowly.
///
/// @param level 1: numbers up to 20 and products up to 12 × 12; 2: those of countdown with three numbers up to 20 and
///     of quadratic equations, negative ones too; 3: numbers up to 999 and products up to 99 × 99
/// @param seed random seed
public record Drills(int level, long seed) {
    /// The number of levels.
    public static final int LEVELS = 3;
    /// Calculations in a document.
    public static final int LINES = 10;

    private static final long DRILL = 0x6472696C6CL;

    /// @throws IllegalArgumentException if there is no such level
    public Drills {
        if (level < 1 || level > LEVELS) {
            throw new IllegalArgumentException("found the level " + level + ", but drills have the levels 1 to "
                    + LEVELS);
        }
    }

    /// A calculation.
    ///
    /// @param question such as `17-4=`
    /// @param answer such as `13`
    public record Drill(String question, String answer) { }

    /// The calculations of a document: a function of the level, the seed and the index.
    public List<Drill> drills(long index) {
        RandomStream random = new RandomStream(DRILL, level, seed, index);
        List<Drill> drills = new ArrayList<>();
        for (int i = 0; i < LINES; i++) {
            drills.add(drill(random));
        }
        return drills;
    }

    private Drill drill(RandomStream random) {
        char sign = random.pick(List.of('+', '-', '*'));
        int max = level == 1 ? 20 : level == 2 ? random.pick(List.of(20, 100, 420)) : 999;
        int maxFactor = List.of(12, 20, 99).get(level - 1);
        long a = sign == '*' ? random.between(0, maxFactor) : random.between(0, max);
        long b = sign == '*' ? random.between(0, maxFactor)
                : random.between(0, level == 2 && random.chance(0.7) ? 20 : max);
        if (sign == '-' && a < b && random.chance(0.8)) {
            long larger = b;
            b = a;
            a = larger;
        }
        if (level == 2 && random.chance(0.2)) {
            a = random.between(-9, 9);
            b = random.between(-9, 9);
        }
        return new Drill(a + "" + sign + b + "=", Long.toString(Scratchpad.exact(a, sign, b)));
    }

    /// A chat in which the user gives questions and the assistant answers, as supervised fine-tuning reads it.
    public Map<String, Object> chat(long index) {
        return ChatLine.of(drills(index).stream().flatMap(drill -> Stream.of(drill.question(), drill.answer()))
                .toArray(String[]::new));
    }

    /// A document of lines, as pretraining reads it.
    public Map<String, Object> document(long index) {
        StringBuilder text = new StringBuilder();
        drills(index).forEach(drill -> text.append(drill.question()).append(drill.answer()).append('\n'));
        return Map.of("text", text.toString());
    }
}

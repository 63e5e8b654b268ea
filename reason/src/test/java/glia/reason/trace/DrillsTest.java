package glia.reason.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DrillsTest {
    private static final Pattern DRILL = Pattern.compile("(-?\\d+)([+*-])(-?\\d+)=(-?\\d+)");

    @Test
    void calculationsAreRightAndFunctionsOfSeedAndIndex() {
        for (int level = 1; level <= Drills.LEVELS; level++) {
            Set<String> different = new HashSet<>();
            for (long i = 0; i < 200; i++) {
                String text = (String) new Drills(level, 3).document(i).get("text");
                assertEquals(text, new Drills(level, 3).document(i).get("text"));
                assertEquals(Drills.LINES, text.lines().count());
                for (String line : text.lines().toList()) {
                    Matcher matcher = DRILL.matcher(line);
                    assertTrue(matcher.matches(), line);
                    long a = Long.parseLong(matcher.group(1));
                    long b = Long.parseLong(matcher.group(3));
                    long value = matcher.group(2).equals("+") ? a + b : matcher.group(2).equals("-") ? a - b : a * b;
                    assertEquals(value, Long.parseLong(matcher.group(4)), line);
                    different.add(line);
                }
            }
            assertTrue(different.size() > 600, different.size() + " different calculations of level " + level);
        }
        assertThrows(IllegalArgumentException.class, () -> new Drills(4, 0));
    }
}

package glia.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What all charts have in common: contrast (WCAG 2.2, 1.4.3 and 1.4.11) and round ticks.
class SvgTest {
    @Test
    void textsAndCurvesHaveContrastOnBothGrounds() {
        Svg svg = new Svg(10, 10);
        svg.text(1, 1, "start", "a");
        String light = found(svg, "class=\"svg-ground\"[^>]* fill=\"(#\\w{6})\"");
        String dark = found(svg, "\\.svg-ground \\{ fill: (#\\w{6}) \\}");
        assertTrue(contrast(found(svg, "class=\"svg-words\" fill=\"(#\\w{6})\""), light) >= 4.5);
        assertTrue(contrast(found(svg, "\\.svg-words \\{ fill: (#\\w{6}) \\}"), dark) >= 4.5);
        for (String color : Svg.COLORS) {
            assertTrue(contrast(color, light) >= 3 && contrast(color, dark) >= 3, color);
        }
    }

    private static String found(Svg svg, String pattern) {
        return Pattern.compile(pattern).matcher(svg.toString()).results().map((MatchResult m) -> m.group(1)).findFirst()
                .orElseThrow();
    }

    private static double contrast(String a, String b) {
        double x = luminance(a);
        double y = luminance(b);
        return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
    }

    private static double luminance(String color) {
        double[] factors = {0.2126, 0.7152, 0.0722};
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            double value = Integer.parseInt(color.substring(1 + 2 * i, 3 + 2 * i), 16) / 255.0;
            sum += factors[i] * (value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
        }
        return sum;
    }

    @Test
    void ticksAreRound() {
        assertEquals(List.of(0.0, 2.0, 4.0, 6.0, 8.0), Scale.of(List.of(0.3, 7.0), 0, 1).ticks());
        assertEquals(List.of(0.0, 1.0, 2.0), Scale.ofCounts(List.of(0.0, 2.0), 0, 1).ticks());
        assertEquals(0.25, Scale.ofCounts(List.of(0.0, 4.0), 0, 1).at(1), 1e-12);
        Scale flat = Scale.of(List.of(3.0), 0, 1);
        assertTrue(flat.low() <= 3 && flat.high() > 3);
    }
}

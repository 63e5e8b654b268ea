package glia.reason.preference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ScalarLossTest {
    private static final List<ScalarLoss> ALL = List.of(new ScalarLoss.Logistic(1, 0.5), ScalarLoss.Logistic.PLAIN,
            ScalarLoss.Logistic.smoothed(0.1), ScalarLoss.Logistic.robust(0.2), new ScalarLoss.Hinge(),
            new ScalarLoss.Squared(0.5, 4), new ScalarLoss.Sigmoid(1), new ScalarLoss.Sigmoid(-1),
            new ScalarLoss.Exact(0.1), new ScalarLoss.Mixed(0.05), new ScalarLoss.Mixed(2));

    @Provide
    Arbitrary<ScalarLoss> losses() {
        return Arbitraries.of(ALL);
    }

    @Property
    void slopesAreDerivatives(@ForAll("losses") ScalarLoss loss, @ForAll("places") double x) {
        double h = 1e-5;
        double slope = (loss.of(x + h) - loss.of(x - h)) / (2 * h);
        boolean isKink = loss instanceof ScalarLoss.Hinge && Math.abs(x - 1) < 2 * h;
        assertEquals(isKink ? loss.slope(x) : slope, loss.slope(x), 1e-5 * (1 + Math.abs(slope)));
    }

    @Provide
    Arbitrary<Double> places() {
        return Arbitraries.doubles().between(-8, 8);
    }

    @Test
    void largeMarginsStayFinite() {
        for (ScalarLoss loss : ALL) {
            for (double x : new double[] {-600, 600}) {
                assertTrue(Double.isFinite(loss.of(x)) && Double.isFinite(loss.slope(x)), loss + " at " + x);
            }
        }
    }

    @Test
    void robustLossesAreUnbiased() {
        double s = 0.2;
        ScalarLoss robust = ScalarLoss.Logistic.robust(s);
        double x = 0.7;
        assertEquals(ScalarLoss.Logistic.PLAIN.of(x), (1 - s) * robust.of(x) + s * robust.of(-x), 1e-12);
    }

    @Test
    void labelNoiseOfAHalfIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ScalarLoss.Logistic.robust(0.5));
        assertThrows(IllegalArgumentException.class, () -> new ScalarLoss.Exact(0));
        assertThrows(IllegalArgumentException.class, () -> new ScalarLoss.Mixed(0));
    }

    /// AOT sorts the pairs, so a weight of a pair has no place.
    @Test
    void sortedPairsHaveNoWeights() {
        for (String name : List.of("aot", "aot_unpaired")) {
            var losses = DpoLoss.named(List.of("sigmoid", name), new double[0], 0.1, 0, 0.05);
            var e = assertThrows(IllegalArgumentException.class,
                    () -> new DpoLoss(losses, 0.1, new FDivergence.ReverseKl(), 1, true));
            assertTrue(e.getMessage().contains("aot"), e.getMessage());
            new DpoLoss(losses, 0.1, new FDivergence.ReverseKl(), 1, false);
        }
    }

    /// ORPO with β 0 is fine-tuning on the chosen answers.
    @Test
    void orpoMayHaveNoPreference() {
        assertEquals(0, new OrpoLoss(0).beta());
        assertThrows(IllegalArgumentException.class, () -> new OrpoLoss(-0.1));
        assertThrows(IllegalArgumentException.class, () -> new OrpoLoss(Double.NaN));
    }
}

package glia.plan.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.plan.scaling.PublishedLaws.Router;
import org.junit.jupiter.api.Test;

/// Published laws beside what their papers say of them.
class PublishedLawsTest {
    /// Section 6 of the paper: four epochs are almost as good as new text, forty are worth little more than sixteen.
    @Test
    void repeatedTokensAreWorthLessAndLess() {
        assertEquals(1, PublishedLaws.newTokens(1, 1));
        assertEquals(0.93, PublishedLaws.newTokens(4, 1) / 4, 0.01);
        // 15.4 repetitions: a share of 1 - 1/e of what new text would bring.
        assertEquals(1 + 15.387756 * (1 - Math.exp(-1)), PublishedLaws.newTokens(16.387756, 1), 1e-9);
        assertEquals(16.387756, PublishedLaws.newTokens(1e6, 1), 1e-3);
        assertThrows(IllegalArgumentException.class, () -> PublishedLaws.newTokens(1, 2));
    }

    @Test
    void fewerBitsCostMoreAndRoundingCostsMoreAfterMoreTokens() {
        assertEquals(1, PublishedLaws.parametersIn(1, 16), 1e-12);
        assertTrue(PublishedLaws.parametersIn(1, 4) > 0.75 && PublishedLaws.parametersIn(1, 4) < 0.85);
        assertEquals(2.7648 + 4299 * Math.pow(1e9, -0.4965) + 18060 * Math.pow(2e10, -0.4965),
                PublishedLaws.lossInBits(1e9, 2e10, 16, 16), 1e-3);
        double few = PublishedLaws.lossInBits(1e9, 1e10, 16, 4) - PublishedLaws.lossInBits(1e9, 1e10, 16, 16);
        double many = PublishedLaws.lossInBits(1e9, 1e12, 16, 4) - PublishedLaws.lossInBits(1e9, 1e12, 16, 16);
        assertEquals(Math.pow(100, 0.5068), many / few, 0.01);
    }

    @Test
    void expertsAreWorthMoreInSmallModels() {
        for (Router router : Router.values()) {
            assertEquals(1e9, router.denseParameters(1e9, 1), 1);
            assertTrue(router.loss(1e9, 64) < router.loss(1e9, 1), router.name());
            assertTrue(router.denseParameters(5e7, 64) / 5e7 > router.denseParameters(1e9, 64) / 1e9, router.name());
        }
        // By hand: Ê is 1.847 for one expert.
        assertEquals(2.237, Router.S_BASE.loss(1.3e9, 1), 1e-3);
    }
}

package glia.plan.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.plan.data.Tables;
import glia.plan.scaling.ScalingLaw.Run;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Fits of scaling laws.
class ScalingLawTest {
    private static final ScalingLaw TRUTH = new ScalingLaw(1.7, 400, 1500, 0.34, 0.36, 0);

    /// The points of the Chinchilla paper's figure, without the five of the highest loss, as in the published refit.
    private static List<Run> chinchilla() throws Exception {
        Path file = Path.of(ScalingLawTest.class.getResource("chinchilla-points.csv").toURI());
        List<Run> runs = new ArrayList<>(Tables.read(file, "Model Size", "Training FLOP", "loss").stream()
                .map(row -> new Run(row.required("Model Size"), row.required("Training FLOP") / 6
                        / row.required("Model Size"), row.required("loss"))).toList());
        runs.sort(Comparator.comparingDouble(Run::loss));
        return runs.subList(0, runs.size() - 5);
    }

    /// Coefficients of Besiroglu et al. (2024) and their standard errors. The objective is flat: at their
    /// coefficients it is half a percent higher than at the minimum.
    @Test
    void theRefitOfChinchillaIsThePublishedOne() throws Exception {
        ScalingLaw law = ScalingLaw.fit(chinchilla());
        assertEquals(1.8172, law.e(), 5e-4);
        assertEquals(0.3478, law.alpha(), 6e-4);
        assertEquals(0.3658, law.beta(), 2e-3);
        assertEquals(482.01, law.a(), 5);
        assertEquals(2085.43, law.b(), 65);
        assertEquals(0.5126, law.exponent(), 2e-3);
        assertEquals(0.0010182740178, law.objective(), 1e-9);
    }

    @Test
    void intervalsHoldTheTruth() {
        ScalingLaw truth = new ScalingLaw(1.7, 400, 1500, 0.34, 0.36, 0);
        SplittableRandom random = new SplittableRandom(5);
        List<Run> runs = new ArrayList<>();
        for (double n = 1e7; n < 2e9; n *= 2) {
            for (double d = 2e8; d < 1e11; d *= 3) {
                runs.add(new Run(n, d, truth.loss(n, d) * (1 + 0.002 * random.nextGaussian())));
            }
        }
        ScalingLaw law = ScalingLaw.fit(runs);
        double[] alphas = ScalingLaw.bootstrap(runs, law, 100, random).stream().mapToDouble(ScalingLaw::alpha).sorted()
                .toArray();
        assertTrue(alphas[1] < truth.alpha() && truth.alpha() < alphas[98], alphas[1] + " to " + alphas[98]);
        assertTrue(alphas[98] - alphas[1] < 0.1);
        double best = truth.parameters(1e21);
        for (double off : new double[] {0.8, 1.25}) {
            assertTrue(truth.loss(best * off, 1e21 / 6 / best / off) > truth.loss(best, truth.tokens(1e21)));
        }
    }

    /// Runs of three sizes near one another tell little about larger ones. Over 24 draws of noise, predictions of the
    /// far loss scatter less with the next run than with one more run in the middle.
    @Test
    void theNextRunMakesLargerOnesMoreCertain() {
        List<Run> runs = new ArrayList<>();
        for (double n : new double[] {1e7, 2e7, 4e7}) {
            for (double d : new double[] {2e8, 4e8, 8e8, 16e8}) {
                runs.add(new Run(n, d, 1));
            }
        }
        SplittableRandom random = new SplittableRandom(7);
        List<Run> noisy = runs.stream().map(run -> noisy(run, random)).toList();
        ScalingLaw law = ScalingLaw.fit(noisy);
        double most = 6 * 4e7 * 16e8;
        Run next = law.next(noisy, ScalingLaw.bootstrap(noisy, law, 60, random), 10 * most);
        double compute = 6 * next.parameters() * next.tokens();
        assertTrue(compute > 0.99 * most && compute < 4.01 * most, next::toString);
        double with = spread(runs, next, 10 * most);
        double without = spread(runs, new Run(2e7, 4e8, 1), 10 * most);
        assertTrue(with < without, next + ": " + with + " and " + without);
    }

    private static Run noisy(Run run, SplittableRandom random) {
        return new Run(run.parameters(), run.tokens(), TRUTH.loss(run.parameters(), run.tokens())
                * (1 + 0.002 * random.nextGaussian()));
    }

    /// The distance between the quartiles of the predicted loss.
    private static double spread(List<Run> runs, Run more, double compute) {
        SplittableRandom random = new SplittableRandom(3);
        List<Run> all = new ArrayList<>(runs);
        all.add(more);
        double[] losses = IntStream.range(0, 24).mapToDouble(_ -> ScalingLaw.fit(all.stream().map(run -> noisy(run,
                random)).toList()).loss(TRUTH.parameters(compute), TRUTH.tokens(compute))).sorted().toArray();
        return losses[18] - losses[6];
    }

    @Test
    void tooFewRunsAreRefused() {
        List<Run> same = List.of(new Run(1e6, 1e8, 3), new Run(1e6, 2e8, 2.9), new Run(1e6, 4e8, 2.8),
                new Run(1e6, 8e8, 2.7), new Run(1e6, 1.6e9, 2.6), new Run(1e6, 3.2e9, 2.5));
        assertThrows(IllegalArgumentException.class, () -> ScalingLaw.fit(same));
        assertThrows(IllegalArgumentException.class, () -> new Run(1, 1, 0));
    }

    /// Losses without a floor: the fit has E = 0, and its bootstrap fits still differ.
    @Test
    void intervalsOfALawWithoutAFloorAreNotEmpty() {
        ScalingLaw truth = new ScalingLaw(0, 20, 15, 0.35, 0.16, 0);
        SplittableRandom random = new SplittableRandom(3);
        List<Run> runs = new ArrayList<>();
        for (double n = 1e4; n < 3e5; n *= 2) {
            for (double d = 5e4; d < 1e6; d *= 2) {
                runs.add(new Run(n, d, truth.loss(n, d) * (1 + 0.01 * random.nextGaussian())));
            }
        }
        ScalingLaw law = ScalingLaw.fit(runs);
        double[] betas = ScalingLaw.bootstrap(runs, law, 50, random).stream().mapToDouble(ScalingLaw::beta).sorted()
                .toArray();
        assertTrue(betas[45] - betas[5] > 0.005, betas[5] + " to " + betas[45]);
        assertTrue(betas[0] < truth.beta() && truth.beta() < betas[49], betas[0] + " to " + betas[49]);
    }
}

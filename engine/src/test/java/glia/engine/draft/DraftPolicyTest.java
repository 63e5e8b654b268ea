package glia.engine.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The policy in a simulated world, whose times and acceptance rates are known.
class DraftPolicyTest {
    private static final int LONG = NgramLookup.LONGEST;

    /// Decodes `count` tokens of each sequence.
    ///
    /// @param time of a pass by its number of tokens
    /// @param rate with which each draft is accepted
    /// @return how many times as fast it is as without drafts
    private static double gain(int sequences, int count, double rate, int match, IntToDoubleFunction time,
            Random noise) {
        DraftPolicy policy = new DraftPolicy(0);
        AcceptanceRates all = new AcceptanceRates();
        AcceptanceRates[] rates = new AcceptanceRates[sequences];
        for (int i = 0; i < sequences; i++) {
            rates[i] = all.ofSequence();
        }
        double total = 0;
        int tokens = 0;
        while (tokens < count * sequences) {
            policy.clear();
            for (int i = 0; i < sequences; i++) {
                policy.add(match, DraftTokens.MOST, rates[i]);
            }
            policy.choose(1000);
            int drafted = 0;
            int accepted = 0;
            for (int i = 0; i < sequences; i++) {
                boolean isGood = true;
                drafted += policy.count(i);
                for (int d = 0; d < Math.max(1, policy.count(i)) && isGood; d++) {
                    isGood = noise.nextDouble() < rate;
                    rates[i].observe(Math.min(match + d, LONG), isGood);
                    accepted += isGood && policy.count(i) > 0 ? 1 : 0;
                }
            }
            double seconds = time.applyAsDouble(sequences + drafted);
            total += seconds;
            tokens += sequences + accepted;
            policy.computed(drafted, accepted, seconds * (noise.nextInt(4) == 0 ? 1 + 2 * noise.nextDouble() : 1));
        }
        return tokens / (double) sequences * time.applyAsDouble(sequences) / total;
    }

    /// Passes of a CPU: the first tokens share the reading of weights, further ones cost a tenth of a pass each.
    private static double cpu(int tokens) {
        return 0.02 * (1 + 0.05 * (tokens - 1) + 0.1 * Math.max(0, tokens - 9));
    }

    @ParameterizedTest
    @CsvSource({"0", "0.02", "0.05", "0.1", "0.2", "0.3", "0.5", "0.9"})
    void neverLosesMoreThanThreePercent(double rate) {
        for (int sequences : new int[] {1, 3, 16}) {
            for (int match : new int[] {2, 5, LONG}) {
                for (int seed = 0; seed < 5; seed++) {
                    double gain = gain(sequences, 120, rate, match, DraftPolicyTest::cpu, new Random(seed));
                    assertTrue(gain > 0.97, gain + " with " + sequences + " sequences, match " + match);
                    // Each further token costs as much as the first.
                    double linear = gain(sequences, 120, rate, match, tokens -> 0.01 * tokens, new Random(seed));
                    assertTrue(linear > 0.97, linear + " with " + sequences + " sequences, match " + match);
                }
            }
        }
    }

    @Test
    void quotationsGainAlmostAllThatIsPossible() {
        Random noise = new Random(1);
        assertTrue(gain(1, 200, 0.98, LONG, DraftPolicyTest::cpu, noise) > 3.5);
        assertTrue(gain(1, 200, 0.7, 4, DraftPolicyTest::cpu, noise) > 1.8);
        assertTrue(gain(4, 200, 0.98, LONG, DraftPolicyTest::cpu, noise) > 1.5);
    }

    @Test
    void nothingIsDraftedBeforeTimesAreKnownOrWhereLimitsForbidIt() {
        DraftPolicy policy = new DraftPolicy(0);
        AcceptanceRates rates = new AcceptanceRates().ofSequence();
        for (int pass = 0; pass < 20; pass++) {
            policy.clear();
            policy.add(LONG, 3, rates);
            policy.add(LONG, 0, rates);
            rates.observe(LONG, true);
            policy.choose(pass == 19 ? 2 : 100);
            // The first pass of each size takes memory, and does not count; then a larger one is tried.
            assertEquals(pass < 4 ? 0 : pass < 6 ? 2 : pass == 19 ? 2 : 3, policy.count(0), "pass " + pass);
            assertEquals(0, policy.count(1));
            policy.computed(policy.count(0), policy.count(0), 0.01);
        }
    }

    /// A model that drafts slowly is not used, though its drafts are good.
    @Test
    void theTimeOfADraftModelCounts() {
        for (double seconds : new double[] {0.0005, 0.008}) {
            DraftPolicy policy = new DraftPolicy(0.2);
            AcceptanceRates rates = new AcceptanceRates().ofSequence();
            int last = 0;
            for (int pass = 0; pass < 60; pass++) {
                policy.clear();
                policy.add(AcceptanceRates.OF_MODEL, DraftTokens.MOST, rates);
                policy.choose(100);
                last = policy.count(0);
                if (last > 0) {
                    policy.drafted(last, 0, last * seconds);
                }
                for (int d = 0; d < last; d++) {
                    rates.observe(AcceptanceRates.OF_MODEL, true);
                }
                policy.computed(last, last, 0.01);
            }
            assertEquals(seconds < 0.001 ? DraftTokens.MOST : 0, last, seconds + " s a token");
        }
    }

    /// Texts of 160 tokens after prompts of 400, of which a model reads the last 256 tokens before it drafts.
    ///
    /// @param draft the time in which it drafts a token; it reads eight in that time
    /// @return how many times as fast it is as without drafts, prompts included
    private static double gainOfModel(int texts, double rate, double draft, Random noise) {
        DraftPolicy policy = new DraftPolicy(draft / cpu(1));
        AcceptanceRates all = new AcceptanceRates();
        double plain = 0;
        double total = 0;
        for (int text = 0; text < texts; text++) {
            AcceptanceRates rates = all.ofSequence();
            policy.prefilled(400 * 0.004);
            total += 400 * 0.004;
            plain += 400 * 0.004 + 160 * cpu(1);
            int read = 0;
            for (int length = 400; length < 560; length++) {
                policy.clear();
                int unread = Math.max(0, Math.min(256, length - read) - 1 - DraftTokens.MOST);
                policy.add(AcceptanceRates.OF_MODEL, policy.mayRead(unread) ? DraftTokens.MOST : 0, rates);
                policy.choose(1000);
                int drafted = policy.count(0);
                int accepted = 0;
                if (drafted > 0) {
                    double seconds = drafted * draft + unread * draft / 8;
                    policy.drafted(drafted, unread, seconds);
                    total += seconds;
                    read = length;
                    boolean isGood = true;
                    for (int d = 0; d < drafted && isGood; d++) {
                        isGood = noise.nextDouble() < rate;
                        rates.observe(AcceptanceRates.OF_MODEL, isGood);
                        accepted += isGood ? 1 : 0;
                    }
                } else {
                    rates.fade();
                }
                total += cpu(1 + drafted);
                policy.computed(drafted, accepted, cpu(1 + drafted));
                length += accepted;
            }
        }
        return plain / total;
    }

    @ParameterizedTest
    @CsvSource({"0, 0.002", "0.05, 0.007", "0.2, 0.002", "0.3, 0.01", "0.5, 0.015", "0.9, 0.02"})
    void whatADraftModelReadsIsPaid(double rate, double draft) {
        for (int texts : new int[] {1, 2, 10}) {
            for (int seed = 0; seed < 5; seed++) {
                double gain = gainOfModel(texts, rate, draft, new Random(seed));
                assertTrue(gain > 0.97, gain + " with " + texts + " texts");
            }
        }
    }

    @Test
    void aGoodDraftModelGains() {
        assertTrue(gainOfModel(1, 0.9, 0.002, new Random(1)) > 1.2);
        assertTrue(gainOfModel(10, 0.9, 0.002, new Random(1)) > 1.35);
        assertTrue(gainOfModel(10, 0.8, 0.002, new Random(2)) > 1.25);
    }
}

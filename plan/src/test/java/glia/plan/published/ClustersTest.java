package glia.plan.published;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.plan.predict.Link;
import glia.plan.predict.SlowLink;
import glia.plan.published.Clusters.Compared;
import glia.plan.published.Clusters.Group;
import glia.plan.published.Clusters.Scaled;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Predictions of training on many devices from few fitted numbers.
class ClustersTest {
    private static final List<Group> GROUPS = Clusters.all();

    private static Group group(String name) {
        return GROUPS.stream().filter(g -> g.name().startsWith(name)).findFirst().orElseThrow();
    }

    @Test
    void timesOfCollectivesAreThoseOfTheFormulas() {
        Link link = new Link(2e-6, 50e9);
        assertEquals(2e-6 + 1e9 / 50e9, link.seconds(1e9), 1e-15);
        assertEquals(7 * 2e-6 + 7 / 8.0 * 1e9 / 50e9, link.ring(8, 1e9), 1e-15);
        assertEquals(14 * 2e-6 + 14 / 8.0 * 1e9 / 50e9, link.allReduce(8, 1e9), 1e-15);
        assertEquals(0, link.allReduce(1, 1e9), 0);
        assertEquals(15 / 64.0, Link.bubble(16, 4, 16), 1e-15);
    }

    /// One layer: all of the exchange follows the backward pass. Two: the last one's is hidden behind the first one's.
    @Test
    void exchangesThatTheBackwardPassDoesNotHideAreWaitedFor() {
        assertEquals(3 / (3 + 1.0), new SlowLink(1e9, 1, 3, 1, 1, 16).utilization(16e9), 1e-12);
        assertEquals(3 / (3 + 0.5), new SlowLink(1e9, 2, 3, 1, 1, 16).utilization(16e9), 1e-12);
        SlowLink streaming = new SlowLink(1e9, 2, 3, 10, 2, 16);
        assertEquals(30 / (30 + 0.5), streaming.utilization(16e9), 1e-12);
        assertEquals(0.9, streaming.utilization(streaming.rate(0.9)), 1e-6);
    }

    /// Llama 3 on twice as many devices and with 16 times the context, from one number.
    @Test
    void llama3ScalesAsPublished() {
        for (Compared row : group("Llama 3").rows()) {
            assertEquals(1, row.ratio(), row.isFitted() ? 1e-3 : 0.03, row.row().text("devices"));
        }
        assertEquals(1, group("Llama 3").fitted().size());
    }

    @Test
    void rowsThatWereNotFittedArePredicted() {
        assertTrue(group("llm-foundry").heldOut().median() < 1.1, group("llm-foundry").heldOut().toString());
        assertEquals(3, group("llm-foundry").fitted().size());
        assertTrue(group("Megatron-Bridge, GB300").heldOut().most() < 1.2);
        assertTrue(group("torchtitan").heldOut().median() < 1.2, group("torchtitan").heldOut().toString());
        GROUPS.forEach(g -> assertTrue(g.rows().stream().anyMatch(Compared::isFitted)
                && g.rows().stream().anyMatch(r -> !r.isFitted()), g.name()));
    }

    /// Ever more devices are ever slower, each: fewer micro-batches of a pipeline, longer rings.
    @Test
    void devicesAreSlowerTheMoreThereAre() {
        Map<String, List<Scaled>> models = Clusters.scaled(GROUPS).stream()
                .collect(Collectors.groupingBy(s -> s.row().text("model")));
        assertEquals(2, models.size());
        models.forEach((model, runs) -> {
            assertEquals(16_384, runs.getLast().row().required("devices"));
            assertTrue(runs.stream().anyMatch(s -> s.published().isPresent()), model);
            for (int i = 1; i < runs.size(); i++) {
                assertTrue(runs.get(i).predicted() < runs.get(i - 1).predicted(), model);
            }
        });
    }

    @Test
    void bandwidthsOfDilocoAreWithinOneStepOfTheirGrid() {
        List<SlowLinks.Compared> all = SlowLinks.all();
        assertEquals(20, all.size());
        all.forEach(c -> assertTrue(Math.abs(c.steps()) <= 1, c.toString()));
        assertTrue(all.stream().filter(c -> c.steps() == 0).count() >= 14);
    }
}

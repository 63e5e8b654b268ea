package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.schedule.Session;
import glia.kernels.KernelBackends;
import glia.model.Division;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Pass;
import glia.model.fresh.NewModels;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.RankGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Requests of a model whose heads and MLP columns, experts or layers are divided among ranks; rank 0 schedules.
class ServingOnRanksTest {
    private static final int VOCAB = 40;
    private static final int NUM_REQUESTS = 12;

    private interface Requests {
        String run(Scheduler scheduler, Engine engine);
    }

    /// Runs requests on rank 0, which the others follow.
    ///
    /// @return on rank 0 what was answered
    private static String serve(RankGroup ranks, String family, Division division, long stateBytes,
            Requests requests) throws Exception {
        Map<String, Object> shape = family.equals("llama")
                ? Map.of("hidden", 64, "layers", 4, "heads", 8, "kv-heads", 4, "mlp", 172, "vocab", VOCAB)
                : family.equals("mixtral")
                ? Map.of("hidden", 64, "layers", 2, "heads", 8, "kv-heads", 4, "experts", 4, "vocab", VOCAB)
                : Map.of("hidden", 64, "layers", 2, "heads", 8, "vocab", VOCAB);
        try (Model whole = FreshModel.create(NewModels.config(family, shape), 5);
                Workers workers = new Workers(1);
                Engine engine = new Engine(whole.divided(division, ranks), KernelBackends.choose("best", workers)
                        .batchInvariant().kernels(), Precision.EXACT, stateBytes)) {
            if (ranks.rank() > 0) {
                Runners.follow(engine, ranks);
                assertEquals(0, engine.stateBytes(), "all sequences have ended here, too");
                return "";
            }
            engine.followers().add(ranks);
            try (Scheduler scheduler = new Scheduler(Runners.plain(engine), SchedulerOptions.defaults()
                    .withMaxSequences(5).withTokenBudget(48), VOCAB, 160)) {
                return requests.run(scheduler, engine);
            }
        }
    }

    /// Prompts with equal beginnings, some with several samples, and a conversation.
    static String answers(RankGroup ranks, String family, Division division, long stateBytes) throws Exception {
        return serve(ranks, family, division, stateBytes, (scheduler, engine) -> {
            List<Generation> all = new ArrayList<>();
            for (int i = 0; i < NUM_REQUESTS; i++) {
                int seed = i;
                all.add(scheduler.submit(GenerationRequest.of(IntStream.range(0, 20 + 9 * (i % 4)).map(t ->
                        t < 18 ? t * 7 % VOCAB : (t * t + seed / 4) % VOCAB).toArray()).maxTokens(8 + 5 * (i % 3))
                        .numSamples(1 + i % 2).sampling(SamplingOptions.greedy().withTemperature(i % 3 == 0 ? 0 : 0.9f)
                                .withSeed(i)).build()));
            }
            StringBuilder text = new StringBuilder();
            for (Generation each : all) {
                each.await().forEach(c -> text.append(Arrays.toString(c.orThrow().tokens())).append('\n'));
            }
            try (Session session = scheduler.session()) {
                int[] turn = {3, 14, 15, 9, 26};
                for (int i = 0; i < 3; i++) {
                    Completion answer = scheduler.generate(GenerationRequest.of(turn).maxTokens(6).session(session)
                            .sampling(SamplingOptions.greedy()).build(), () -> true);
                    text.append(Arrays.toString(answer.tokens())).append('\n');
                    turn = IntStream.concat(IntStream.concat(Arrays.stream(turn), Arrays.stream(answer.tokens())
                            .limit(4)), IntStream.of(i, 30)).toArray();
                }
            }
            return text.toString();
        });
    }

    static String onThreads(int ranks, String family, Division division, long stateBytes) throws Exception {
        String[] answer = {""};
        ThreadRanks.<Exception>run(ranks, collective -> {
            String own = answers(collective, family, division, stateBytes);
            if (collective.rank() == 0) {
                answer[0] = own;
            }
            return 0;
        });
        return answer[0];
    }

    /// Also where memory is short, so that sequences are preempted and prefixes dropped.
    @ParameterizedTest
    @CsvSource({"llama, TENSOR", "gpt2, TENSOR", "mixtral, EXPERT", "llama, PIPELINE"})
    void answersAreThoseOfOneRank(String family, Division division) throws Exception {
        String one = onThreads(1, family, division, 1 << 24);
        assertEquals(18 + 3, one.lines().count());
        for (int ranks = 2; ranks <= 4; ranks *= 2) {
            assertEquals(one, onThreads(ranks, family, division, 1 << 24));
            assertEquals(one, onThreads(ranks, family, division, (1 << 19) / (division == Division.TENSOR ? ranks : 1)),
                    "little memory");
        }
    }

    @Test
    void whatOtherRanksDoNotKnowIsAnError() throws Exception {
        ThreadRanks.<Exception>run(2, ranks -> {
            serve(ranks, "llama", Division.TENSOR, 1 << 24, (scheduler, engine) -> {
                Pass text = new Pass();
                text.add(new int[] {1, 2}, 0, 2, 0, Pass.Outputs.ALL);
                String message = assertThrows(IllegalArgumentException.class, () -> scheduler.inTurn("", () ->
                        engine.read(text, logits -> 0))).getMessage();
                assertTrue(message.contains("generates text and nothing else"), message);
                return "";
            });
            return 0;
        });
    }
}

package glia.reason.run;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.Aggregation;
import glia.reason.policy.PolicyFigures;
import glia.reason.policy.PolicyObjective;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.Hash;
import glia.tensor.autograd.Value;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import glia.train.run.Objective.StepLoss;
import glia.train.run.Objective;
import glia.train.run.TrainingListener.ScoredText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// Reinforcement learning: problems → rollouts → rewards → advantages → updates. A batch of rollouts serves
/// `iterations · minibatches` steps; each step is an update on the groups of one mini-batch, in micro-batches of
/// bounded size.
///
/// All of it is a pure function of the random seed, the step and the weights at the batch's first step, so a run that
/// resumes there repeats the same rewards.
public final class RolloutObjective implements Objective {
    private final RolloutSettings settings;
    private final RolloutCollector collector;
    private final BatchPreparation preparation;
    private final PolicyTraining training;
    private final Optional<HeldOutEvaluation> evaluation;
    private final UnaryOperator<Loss> change;
    private final Tokenizer tokenizer;
    private final RolloutTraining.RolloutDisplay display;
    private Optional<RolloutBatch> current = Optional.empty();
    /// Rollouts of the next batch, by the weights before this one's updates.
    private Optional<RolloutBatch> next = Optional.empty();
    /// The number of the batch that other ranks generate.
    private long requested = -1;
    private Map<String, Double> validationFigures = Map.of();

    RolloutObjective(RolloutCollector collector, BatchPreparation preparation,
            Optional<HeldOutEvaluation> evaluation, UnaryOperator<Loss> change, Tokenizer tokenizer,
            RolloutTraining.RolloutDisplay display) {
        settings = collector.settings();
        this.collector = collector;
        this.preparation = preparation;
        training = preparation.training();
        this.evaluation = evaluation;
        this.change = change;
        this.tokenizer = tokenizer;
        this.display = display;
    }

    /// Ranks share rollouts and the micro-batches of an update.
    @Override
    public boolean isParallel() {
        return true;
    }

    @Override
    public boolean canResumeAt(long step) {
        return step % settings.updates() == 0
                && (settings.lag() == 0 || step / settings.updates() % (settings.lag() + 1) == 0);
    }

    @Override
    public StepLoss accumulate(TrainingPass pass, long step) {
        Map<String, Double> figures = new TreeMap<>();
        if (step == 0 && evaluation.isPresent()) {
            figures.putAll(validationFigures.isEmpty() ? evaluation.get().run(pass.reduction()).figures()
                    : validationFigures);
        }
        int phase = (int) (step % settings.updates());
        long tokens = 0;
        if (phase == 0) {
            long index = step / settings.updates();
            pass.reduction().rollouts().map(RolloutRanks::new).ifPresentOrElse(others -> collect(pass, others, index),
                    () -> collect(pass, index));
        }
        RolloutBatch batch = current.filter(b -> b.index() == step / settings.updates())
                .orElseThrow(() -> new IllegalStateException("step " + (step + 1) + " needs rollouts that an earlier "
                        + "step made; a run can begin at multiples of " + settings.updates() * (settings.lag() + 1)
                        + " steps"));
        if (phase == 0) {
            figures.putAll(batch.figures());
            tokens = batch.tokens();
        }
        Update update = update(pass, batch, phase, Hash.of(settings.seed(), step));
        figures.putAll(update.figures);
        return new StepLoss(update.loss, tokens + update.tokens, figures, phase == 0 ? texts(batch, step) : List.of(),
                collector.scoring().watch().takeWarnings());
    }

    /// The rollouts of a batch, and those of the next if they come from the same weights.
    private void collect(TrainingPass pass, long index) {
        boolean isFresh = settings.lag() == 0 || index % (settings.lag() + 1) == 0;
        current = isFresh ? Optional.of(made(pass, index)) : next.filter(b -> b.index() == index);
        next = settings.lag() > 0 && (index + 1) % (settings.lag() + 1) != 0 ? Optional.of(made(pass, index + 1))
                : Optional.empty();
    }

    /// The same with the rollouts of other ranks, which generate the next while this one trains.
    private void collect(TrainingPass pass, RolloutRanks others, long index) {
        pass.reduction().gatherWeights();
        boolean isFresh = index % (settings.lag() + 1) == 0;
        if (isFresh) {
            others.request(index, true);
            requested = index;
        }
        current = requested == index ? Optional.of(others.receive(index, collector, preparation.numbers()))
                : Optional.empty();
        if ((index + 1) % (settings.lag() + 1) != 0 && current.isPresent()) {
            others.request(index + 1, !isFresh);
            requested = index + 1;
        }
    }

    @Override
    public boolean assist(TrainingPass pass) {
        RolloutRanks others = new RolloutRanks(pass.reduction().rollouts().orElseThrow());
        long index = others.next();
        while (index >= 0) {
            RolloutCollector.Collected collected = collector.collect(index, pass.reduction());
            others.send(preparation.prepare(pass, index, collected), collected.problems(), collector.scoring().watch(),
                    preparation.numbers());
            index = others.next();
        }
        return index == RolloutRanks.ENDED;
    }

    @Override
    public void release(TrainingPass pass, boolean hasEnded) {
        pass.reduction().rollouts().map(RolloutRanks::new).ifPresent(others ->
                others.request(hasEnded ? RolloutRanks.ENDED : RolloutRanks.STOPPED, false));
    }

    private RolloutBatch made(TrainingPass pass, long index) {
        return preparation.prepare(pass, index, collector.collect(index, pass.reduction()));
    }

    /// What an update summed up.
    private static final class Update {
        private final Map<String, Double> figures = new TreeMap<>();
        private double loss;
        private double valueLoss;
        private long tokens;
        private final List<PolicyFigures> parts = new ArrayList<>();

        /// What a micro-batch summed up.
        private double[] numbers(int numTokens) {
            return DoubleStream.concat(DoubleStream.of(loss, valueLoss, numTokens), Arrays.stream(parts.getFirst()
                    .numbers())).toArray();
        }

        /// Adds the micro-batches of all ranks in their order.
        ///
        /// @param own numbers of this rank's
        /// @param count micro-batches in all
        private void add(List<double[]> own, TrainingPass pass, int count) {
            int ranks = pass.reduction().size();
            double[] all = pass.reduction().all(own.stream().flatMapToDouble(Arrays::stream).toArray());
            for (int i = 0; i < count; i++) {
                double[] numbers = new double[own.getFirst().length];
                for (int k = 0; k < numbers.length; k++) {
                    numbers[k] = all[(i / ranks * numbers.length + k) * ranks + i % ranks];
                }
                loss += numbers[0];
                valueLoss += numbers[1];
                tokens += (long) numbers[2];
                parts.add(PolicyFigures.ofNumbers(Arrays.copyOfRange(numbers, 3, numbers.length)));
            }
        }
    }

    private Update update(TrainingPass pass, RolloutBatch batch, int phase, long seed) {
        List<Integer> members = batch.minibatch(phase % settings.minibatches(), settings.minibatches());
        List<Integer> which = members.stream().filter(i -> batch.numRows(i) > 0).toList();
        PolicyObjective objective = preparation.numbers().objective(training.objective(), batch.klCoefficient());
        Aggregation aggregation = objective.aggregation();
        Totals totals = new Totals(Math.max(1, which.stream().mapToInt(batch::numRows).sum()),
                Math.max(1, aggregation.countsEmpty() ? members.size() : which.size()));
        Update update = new Update();
        List<Rollout> rollouts = batch.rollouts();
        List<List<Integer>> parts = MicroBatches.of(rollouts, which, settings.batchTokens());
        RolloutColumns whole = batch.columns().part(which).withSeed(seed);
        if (parts.size() > 1) {
            whole = withChoices(pass, objective, which.stream().map(rollouts::get).toList(), whole);
        }
        int[] sequences = IntStream.range(0, parts.size() + 1).map(i -> parts.subList(0, i).stream()
                .mapToInt(List::size).sum()).toArray();
        List<double[]> numbers = new ArrayList<>();
        // All ranks compute as many micro-batches, some of them for nothing.
        int ranks = pass.reduction().size();
        for (int i = pass.reduction().rank(); i < Math.ceilDiv(parts.size(), ranks) * ranks; i += ranks) {
            int number = Math.min(i, parts.size() - 1);
            TokenBatch tokens = MicroBatches.tokens(rollouts, parts.get(number));
            RolloutColumns constants = whole.part(IntStream.range(sequences[number], sequences[number + 1]).boxed()
                    .toList()).withSeed(Hash.next(seed, number));
            Update own = new Update();
            Loss policy = objective.loss(constants, totals, settings.temperature(), own.parts::add);
            Loss loss = training.value().isEmpty() ? policy
                    : withValues(policy, training.value().get(), constants, totals, own);
            Loss changed = change.apply(loss);
            own.loss = pass.loss(tokens, i == number ? changed : p -> changed.of(p).times(0));
            numbers.add(own.numbers(tokens.numTokens()));
        }
        if (parts.isEmpty() && ranks > 1) {
            nothing(pass, batch);
        }
        update.add(numbers, pass, parts.size());
        addFigures(update);
        if (training.adaptiveEntropy().isPresent()) {
            update.figures.put("entropy/coefficient", objective.entropy().coefficient());
        }
        return update;
    }

    /// A pass whose gradients are 0, for ranks that add them up.
    private void nothing(TrainingPass pass, RolloutBatch batch) {
        int any = IntStream.range(0, batch.rollouts().size()).filter(i -> batch.rollouts().get(i).numSampled() > 0)
                .findFirst().orElseThrow();
        pass.loss(MicroBatches.tokens(batch.rollouts(), List.of(any)),
                p -> p.tokens(settings.temperature(), false, 0).logProbs().sum().times(0));
    }

    /// The tokens of an update with what is chosen among them all, by a pass without gradients over its micro-batches;
    /// as they are if the objective chooses nothing.
    private RolloutColumns withChoices(TrainingPass pass, PolicyObjective objective, List<Rollout> all,
            RolloutColumns whole) {
        boolean needEntropy = objective.masks().needEntropy();
        boolean comparesTokens = objective.loss().comparesTokens();
        if (!needEntropy && !comparesTokens) {
            return whole;
        }
        double[] logProbs = !comparesTokens ? new double[0] : MicroBatches.evaluate(pass, all,
                settings.batchTokens(), p -> p.tokens(settings.temperature(), false, 0).logProbs());
        double[] entropies = !needEntropy ? new double[0] : MicroBatches.evaluate(pass, all,
                settings.batchTokens(), p -> p.tokens(settings.temperature(), true, 0).entropy());
        return objective.withChoices(whole, logProbs, entropies);
    }

    private static Loss withValues(Loss policy, PolicyTraining.Critic critic, RolloutColumns constants, Totals totals,
            Update update) {
        return p -> {
            Value loss = critic.loss().of(critic.head().of(p), constants, totals).loss();
            update.valueLoss += loss.number();
            return policy.of(p).plus(loss.times(critic.coefficient()));
        };
    }

    private void addFigures(Update update) {
        double tokens = Math.max(1, update.parts.stream().mapToInt(PolicyFigures::tokens).sum());
        double keptTokens = Math.max(1, update.parts.stream().mapToInt(PolicyFigures::keptTokens).sum());
        double entropy = 0;
        double kept = 0;
        double kl = 0;
        double moved = 0;
        double low = 0;
        double high = 0;
        for (PolicyFigures part : update.parts) {
            double share = part.tokens() / tokens;
            entropy += share * part.entropy();
            kept += part.keptTokens() / keptTokens * part.keptEntropy();
            kl += share * part.kl();
            moved += share * part.approximateKl();
            low += share * part.clip().low();
            high += share * part.clip().high();
        }
        update.figures.put("entropy/mean", entropy);
        preparation.numbers().afterUpdate(kept);
        if (training.objective().kl().isInLoss()) {
            update.figures.put("kl/loss", kl);
        }
        if (settings.isOffPolicy()) {
            update.figures.put("kl/old_policy", moved);
        }
        update.figures.put("clip/low", low);
        update.figures.put("clip/high", high);
        if (training.value().isPresent()) {
            update.figures.put("value/loss", update.valueLoss);
        }
    }

    private List<ScoredText> texts(RolloutBatch batch, long step) {
        long index = step / settings.updates();
        if (display.every() == 0 || index % display.every() != 0) {
            return List.of();
        }
        // First those that were learned from: in a group of equal rewards all advantages are 0.
        List<double[]> advantages = IntStream.range(0, batch.scored().size())
                .mapToObj(i -> batch.columns().part(List.of(i)).get(Column.ADVANTAGE)).toList();
        return IntStream.range(0, advantages.size()).boxed()
                .sorted(Comparator.comparing(i -> Arrays.stream(advantages.get(i)).allMatch(a -> a == 0)))
                .limit(display.count())
                .map(i -> RolloutTexts.of(batch.scored().get(i), advantages.get(i), tokenizer)).toList();
    }

    /// The share of wrong answers to held-out problems.
    @Override
    public OptionalDouble validate(TrainingPass pass) {
        if (evaluation.isEmpty()) {
            return OptionalDouble.empty();
        }
        HeldOutEvaluation.Result result = evaluation.get().run(pass.reduction());
        validationFigures = result.figures();
        return OptionalDouble.of(1 - result.accuracy().share());
    }

    /// Rewards may make a model worse.
    @Override
    public boolean validatesFirst() {
        return evaluation.isPresent();
    }

    /// The mean reward, so that rewards without right answers choose a checkpoint too.
    @Override
    public double validationTie() {
        return validationFigures.getOrDefault("reward/held_out", 0.0);
    }

    @Override
    public Map<String, Double> validationFigures() {
        return validationFigures;
    }

    /// Rollouts as texts with the advantage of each token, for reports.
    static final class RolloutTexts {
        private RolloutTexts() { }

        /// @param advantages of the sampled tokens
        static ScoredText of(ScoredRollout scored, double[] advantages, Tokenizer tokenizer) {
            Rollout rollout = scored.rollout();
            List<String> pieces = new ArrayList<>();
            List<Double> values = new ArrayList<>();
            StreamingDecoder decoder = tokenizer.streamingDecoder(false);
            int sampled = 0;
            for (int i = 0; i < rollout.tokens().length; i++) {
                pieces.add(decoder.accept(rollout.tokens()[i]));
                values.add(rollout.isSampled()[i] && sampled < advantages.length ? advantages[sampled] : Double.NaN);
                sampled += rollout.isSampled()[i] ? 1 : 0;
            }
            String rest = decoder.finish();
            if (!rest.isEmpty() && !pieces.isEmpty()) {
                pieces.set(pieces.size() - 1, pieces.getLast() + rest);
            }
            String title = String.format(Locale.ROOT, "prompt %d, reward %s%s", scored.group() + 1,
                    Double.isNaN(scored.reward()) ? "none" : Double.toString(Math.round(scored.reward() * 1e4) / 1e4),
                    rollout.isFinished() ? "" : ", cut at " + rollout.numSampled() + " tokens");
            return new ScoredText(title, scored.problem().text(), pieces, values);
        }
    }
}

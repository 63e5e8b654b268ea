package glia.reason.environment;

import glia.reason.environment.Environment.Step;
import glia.reason.rollout.TurnSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/// Connects rollouts with episodes: decodes each turn of the model, and encodes what the environment answers. The
/// tokens of observations are not sampled, and so masked from the loss.
public final class EpisodeTurns implements TurnSource {
    private final List<State> states = new ArrayList<>();
    private final Function<int[], String> decode;
    private final Function<String, int[]> encode;

    /// The state of one rollout.
    private static final class State {
        final Environment.Episode episode;
        final List<Turn> turns = new ArrayList<>();
        int read;
        Optional<Step.End> end = Optional.empty();

        State(Environment.Episode episode) {
            this.episode = episode;
        }
    }

    /// @param episodes one for each rollout, in their order
    /// @param decode the text of a turn's tokens, without the end token
    /// @param encode the tokens of an observation, with what the chat template writes around it, up to the beginning
    ///     of the model's next turn
    public EpisodeTurns(List<? extends Environment.Episode> episodes, Function<int[], String> decode,
            Function<String, int[]> encode) {
        episodes.forEach(episode -> states.add(new State(episode)));
        this.decode = decode;
        this.encode = encode;
    }

    @Override
    public Optional<int[]> next(int index, int[] tokens) {
        State state = states.get(index);
        String text = decode.apply(Arrays.copyOfRange(tokens, state.read, tokens.length));
        state.turns.add(new Turn(text, false));
        return switch (state.episode.step(text)) {
            case Step.Observation(String observation) -> {
                state.turns.add(new Turn(observation, true));
                int[] encoded = encode.apply(observation);
                state.read = tokens.length + encoded.length;
                yield Optional.of(encoded);
            }
            case Step.End end -> {
                state.end = Optional.of(end);
                yield Optional.empty();
            }
        };
    }

    /// The reward of a rollout; empty if its episode did not come to an end, because a limit of tokens cut it or the
    /// environment failed.
    @Override
    public OptionalDouble reward(int index) {
        Optional<Step.End> end = states.get(index).end;
        return end.isPresent() && end.get().reason() != Step.Reason.FAILED
                ? OptionalDouble.of(end.get().reward()) : OptionalDouble.empty();
    }

    /// The turns of a rollout, as far as they are complete.
    public List<Turn> turns(int index) {
        return List.copyOf(states.get(index).turns);
    }

    /// A turn of an episode.
    ///
    /// @param text what was written
    /// @param isObservation whether the environment wrote it; such tokens are masked from the loss
    public record Turn(String text, boolean isObservation) { }
}

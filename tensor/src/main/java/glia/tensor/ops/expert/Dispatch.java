package glia.tensor.ops.expert;

/// Choices of experts, sorted by expert and for each by token, so that each expert has its tokens side by side. Choice
/// `n · k + j` is the j-th expert of token n.
final class Dispatch {
    /// The token at each place.
    final int[] tokens;
    /// The place of each choice.
    final int[] places;
    /// The experts that were chosen, in order.
    final int[] experts;
    /// Where the places of each of `experts` begin, and where the last ones end.
    final int[] starts;

    Dispatch(int[] chosen, int numChosen, int numExperts) {
        int[] next = new int[numExperts];
        for (int expert : chosen) {
            next[expert]++;
        }
        int numActive = 0;
        for (int count : next) {
            numActive += count > 0 ? 1 : 0;
        }
        experts = new int[numActive];
        starts = new int[numActive + 1];
        int active = 0;
        int place = 0;
        for (int e = 0; e < numExperts; e++) {
            int count = next[e];
            next[e] = place;
            if (count > 0) {
                experts[active] = e;
                place += count;
                starts[++active] = place;
            }
        }
        tokens = new int[chosen.length];
        places = new int[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            int at = next[chosen[i]]++;
            tokens[at] = i / numChosen;
            places[i] = at;
        }
    }

    int size() {
        return tokens.length;
    }

    int numActive() {
        return experts.length;
    }
}

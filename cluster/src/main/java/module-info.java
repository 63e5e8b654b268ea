/// Many processes and machines: collectives over threads or MPI, and training on several ranks.
module glia.cluster {
    requires transitive glia.train;

    exports glia.cluster;
}

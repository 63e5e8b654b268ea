/// Small models of several architectures, trained side by side on tasks that tell them apart.
///
/// Begin with [Architecture] and [Mqar].
///
/// Source: Zoology (recall), https://arxiv.org/abs/2312.04927
package glia.jmh.compare;

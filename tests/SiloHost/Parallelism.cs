// Tests of silo processes mostly wait: for silos to start, for losses to be noticed. Those that load or freeze them want the machine for themselves
// ([TestClass(DisableParallelization = true)]), and so do those that share a silo.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 3)]

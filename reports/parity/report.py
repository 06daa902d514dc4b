def write(*a): 
    import collections
    o=a[1]
    print(collections.Counter(x.choice for x in o)); print(collections.Counter(x.ranked for x in o)); print(collections.Counter(r for x in o for r in x.reasons)); print(collections.Counter(r for x in o for r in x.list_reasons)); print(collections.Counter(x.referee for x in o))
